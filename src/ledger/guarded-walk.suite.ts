import { duplexPair } from 'node:stream'
import {
  type Case,
  inSimulatedTime,
  lives,
  momentOf,
  type SignerPlace,
  type Work,
} from './crash-walk.suite.ts'
import { judgeBoth, machine, type Walked, WHOLE } from './crash-walks.suite.ts'
import type { DiskFile } from './disk.ts'
import { durableDisk, type FileSystem } from './durable-disk.ts'
import { ORIGIN, SEED } from './scratch-log.suite.ts'
import { serveSigner } from './signer/serve-signer.ts'
import type { Signer } from './signer/signer.ts'
import { SignerChannel } from './signer/signer-channel.ts'
import { openSignerKeep, signerFolder } from './signer/signer-keep.ts'
import { MEMORY_BYTES } from './signer/signer-memory.ts'

const KEEP = '/keep'

/** The signer as servers have it, behind a connection; it takes over the key of the log at its first start. */
export const GUARDED: SignerPlace = {
  folder: `${KEEP}/${signerFolder(ORIGIN)}`,
  open: files => openGuarded(files, () => undefined),
}

interface Connection {
  /** It ends, as it does with either process. */
  readonly hangUp: () => void
  /** The signer has noticed, and has done what it was about to do. */
  readonly served: Promise<void>
}

async function openGuarded(files: FileSystem, connected: (connection: Connection) => void): Promise<Signer> {
  const [here, there] = duplexPair({ allowHalfOpen: true })
  const served = serveSigner(
    there,
    openSignerKeep(folder => durableDisk(files, `${KEEP}/${folder}`)),
  )
  const house = new SignerChannel(here)
  connected({
    hangUp() {
      here.destroy()
      there.destroy()
    },
    served,
  })
  try {
    await house.adopt(ORIGIN, SEED, Buffer.alloc(MEMORY_BYTES))
    const signer = await house.open(ORIGIN, { create: false })
    return {
      ...signer,
      async close() {
        await signer.close()
        await house.close()
      },
    }
  } catch (error) {
    await house.close()
    throw error
  }
}

type Process = 'log' | 'signer'

/**
 * One of the two processes is killed before each of its own operations in turn, in whichever life that is, and the other goes on until
 * it has noticed and has nothing more to do. Then both start again on the same page cache, and after that the power goes.
 */
export async function walkDeaths(work: Work, who: Process): Promise<Walked> {
  const wrong: string[] = []
  let points = 0
  for (let at = 0; ; at += 1) {
    const its = machine(work, { ...WHOLE, signer: GUARDED })
    const mortal = new Mortal(at)
    const connections: Connection[] = []
    const connected = (one: Connection): void => {
      connections.push(one)
      // Who was killed does not come back for the next life.
      if (mortal.dead) one.hangUp()
    }
    const under = (process: Process, files: FileSystem): FileSystem =>
      process === who ? mortal.on(files) : files
    const both = {
      ...its,
      under: (files: FileSystem) => under('log', files),
      signer: {
        ...GUARDED,
        open: () => openGuarded(under('signer', its.files), connected),
      },
    }
    const died = mortal.died.then(async () => {
      for (const { hangUp } of connections) hangUp()
      if (who === 'log') await Promise.all(connections.map(({ served }) => served))
      return true
    })
    const over = await inSimulatedTime(its.files, () => {
      const lived = lives(both, work).then(
        () => false,
        () => mortal.dead,
      )
      // A log without its signer still has to come to its end; a killed log never does.
      return who === 'log' ? Promise.race([lived, died]) : lived
    })
    if (!over && !mortal.dead) break
    points += 1
    const started: Case = {
      ...momentOf(its, `its operation ${at}`),
      files: its.files.image(),
      told: its.told,
    }
    const found = await judgeBoth(started, its)
    if (found !== undefined) wrong.push(`the ${who} killed before ${mortal.last}: ${found}`)
  }
  return { points, outcomes: 2 * points, judged: 2 * points, wrong }
}

/** A process that is dead from an operation on: neither that one nor any later one happens, and nobody there hears of anything. */
class Mortal {
  readonly died: Promise<void>
  /** The operation that did not happen. */
  last = ''
  #left: number
  #die: () => void = () => undefined

  constructor(operations: number) {
    this.#left = operations
    this.died = new Promise(resolve => (this.#die = resolve))
  }

  get dead(): boolean {
    return this.last !== ''
  }

  on(files: FileSystem): FileSystem {
    const alive = <A extends readonly unknown[], R>(name: string, act: (...args: A) => Promise<R>) => {
      return (...args: A): Promise<R> => (this.#lives(`${name} ${String(args[0])}`) ? act(...args) : NEVER)
    }
    const file = (one: DiskFile): DiskFile => ({
      size: () => one.size(),
      read: (offset, length) => one.read(offset, length),
      write: alive('write', (offset, bytes) => one.write(offset, bytes)),
      sync: alive('sync', () => one.sync()),
      close: () => one.close(),
    })
    return {
      open: async path => {
        const found = await files.open(path)
        return found && file(found)
      },
      create: alive('create', async path => file(await files.create(path))),
      read: path => files.read(path),
      list: folder => files.list(folder),
      rename: alive('rename', (from, to) => files.rename(from, to)),
      unlink: alive('unlink', path => files.unlink(path)),
      makeFolder: alive('make-folder', path => files.makeFolder(path)),
      syncFolder: alive('sync-folder', path => files.syncFolder(path)),
    }
  }

  #lives(operation: string): boolean {
    if (this.dead) return false
    if (this.#left > 0) {
      this.#left -= 1
      return true
    }
    this.last = operation
    this.#die()
    return false
  }
}

const NEVER = new Promise<never>(() => undefined)
