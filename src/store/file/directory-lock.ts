import { readFile, readlink, rm, stat, mkdir, utimes, writeFile, rename } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sha256Hex } from '../../kernel/bytes.ts'
import { Fault } from '../../kernel/faults.ts'

export interface DirectoryLock {
  release(): Promise<void>
}

const OWNER_FILE = 'lock'
const HEARTBEAT_MS = 5000
const STALE_MS = 15_000
const SETTLE_MS = 100
/** The whole of sun_path (unix(7)) behind its leading NUL: shorter names are padded differently by versions of Node. */
const NAME_LENGTH = 107

/** Who holds a folder; written for people and for processes in another network namespace. */
interface Owner {
  readonly pid: number
  /** Ticks since boot at which the process started, /proc/<pid>/stat field 22: tells it from a later one of the same pid. */
  readonly start: string
  readonly boot: string
  /** Network namespace: the socket excludes only within it. */
  readonly net: string
}

/**
 * Makes this process the only owner of a folder (Linux). The lock is an abstract unix socket named after the folder's
 * device and inode: the kernel grants it to one process and takes it back when that process ends, however it ends, so
 * nothing stale is ever left. Where sockets do not see each other (another container on the same volume), a file with
 * a heartbeat stands in: an owner that beat within 15 s is believed. Fault `ledger.in_use`.
 */
export async function lockDirectory(folder: string): Promise<DirectoryLock> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { dev, ino } = await stat(folder, { bigint: true })
  const name = sha256Hex(`breakglass data folder ${dev}:${ino}`).padEnd(NAME_LENGTH, '.')
  const file = join(folder, OWNER_FILE)
  const server = await bind(`\0${name}`)
  if (server === undefined) throw inUse(folder, await readOwner(file))

  try {
    const self = await describeSelf()
    const owner = await readOwner(file)
    if (owner !== undefined && (await isForeignAndAlive(owner, self, file))) throw inUse(folder, owner)
    const text = `${JSON.stringify(self)}\n`
    const temporary = `${file}.${self.pid}.tmp`
    await writeFile(temporary, text, { mode: 0o600 })
    await rename(temporary, file)
    if (owner !== undefined && owner.net !== self.net) {
      // Somebody in a third namespace may have come to the same conclusion; the last one to write stays.
      await sleep(SETTLE_MS)
      if ((await readFile(file, 'utf8')) !== text) throw inUse(folder, await readOwner(file))
    }
  } catch (error) {
    server.close()
    throw error
  }

  const heartbeat = setInterval(() => {
    const now = new Date()
    utimes(file, now, now).catch(() => undefined)
  }, HEARTBEAT_MS).unref()
  return {
    async release() {
      clearInterval(heartbeat)
      await rm(file, { force: true })
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

/** Undefined when another process has the name. */
function bind(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer(socket => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    server.listen({ path }, () => {
      server.unref()
      resolve(server)
    })
  })
}

async function describeSelf(): Promise<Owner> {
  return {
    pid: process.pid,
    start: (await startOf(process.pid)) ?? '',
    boot: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim(),
    net: await readlink('/proc/self/ns/net'),
  }
}

async function isForeignAndAlive(owner: Owner, self: Owner, file: string): Promise<boolean> {
  if (owner.boot === self.boot) {
    if (owner.net === self.net) return false
    if ((await startOf(owner.pid)) === owner.start) return true
  }
  const { mtimeMs } = await stat(file)
  return Math.abs(Date.now() - mtimeMs) < STALE_MS
}

/** Undefined when there is no such process, or it is out of sight. */
async function startOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The second field is a name in parentheses that may itself hold spaces and parentheses.
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19]
}

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    const { pid, start, boot, net } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
    if (
      typeof pid !== 'number' ||
      typeof start !== 'string' ||
      typeof boot !== 'string' ||
      typeof net !== 'string'
    )
      return undefined
    return { pid, start, boot, net }
  } catch {
    return undefined
  }
}

function inUse(folder: string, owner: Owner | undefined): Fault {
  const who = owner === undefined ? 'another process' : `process ${owner.pid}`
  return new Fault('ledger.in_use', `The folder ${folder} is in use by ${who}.`, {
    next: 'Stop that server first; two on one folder would write two truths.',
    facts: owner === undefined ? {} : { pid: owner.pid },
  })
}
