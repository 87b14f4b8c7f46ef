import { createHash } from 'node:crypto'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLocalSigner } from '../../src/ledger/signer/local-signer.ts'
import { signerFolder } from '../../src/ledger/signer/signer-keep.ts'
import { openLog } from '../../src/ledger/open-log.ts'
import { loadConfig } from '../../src/server/config/load-config.ts'
import { initFolder } from '../../src/server/init/init-folder.ts'
import { openStore, originOf, type Store } from '../../src/server/open-store.ts'
import { systemClock } from '../../src/server/system-clock.ts'
import { verifyFolder } from '../../src/server/verify-folder.ts'
import { nodeDisk } from '../../src/store/file/node-disk.ts'
import { openVault } from '../../src/store/file/vault.ts'
import { readVaultKey } from '../../src/store/file/vault-key.ts'
import { isBuilt } from './breakglass.ts'
import { until } from '../support/wait.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'main.js')
const clock = systemClock()
let top: string
let folder: string
const opened: Store[] = []

beforeEach(async () => {
  top = mkdtempSync(join(tmpdir(), 'bg-signer-'))
  folder = join(top, 'acme')
  await initFolder({ folder, organisation: 'acme', owners: ['ana'] })
  configure('')
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  rmSync(top, { recursive: true, force: true })
})

let written = ''
/** `signer`: the setting of the same name, in YAML. */
function configure(signer: string): void {
  const file = join(folder, 'breakglass.yaml')
  written ||= readFileSync(file, 'utf8')
  writeFileSync(file, `${written}ledger: { segment: 64KiB${signer && `, signer: ${signer}`} }\n`)
}

async function open(where = folder): Promise<Store> {
  const store = await openStore({ config: loadConfig(where), clock, version: '0' })
  opened.push(store)
  return store
}
async function close(store: Store): Promise<void> {
  opened.splice(opened.indexOf(store), 1)
  await store.close()
}
const entry = (n: number) => ({ type: 'action', src: 's_1', data: { n } })
async function write(store: Store, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await store.control.append([entry(n)]).signed()
}

/** Every file below a folder with its digest. */
function digests(below: string): Record<string, string> {
  const found = readdirSync(below, { recursive: true, withFileTypes: true }).filter(one => one.isFile())
  return Object.fromEntries(
    found.map(one => {
      const path = join(one.parentPath, one.name)
      return [path, createHash('sha256').update(readFileSync(path)).digest('hex')]
    }),
  )
}

/** Processes of this one that run the signer. */
function signers(): number[] {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean)
  return children
    .map(Number)
    .filter(pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('signer-process'))
}

describe.skipIf(!isBuilt)('the guarded signer', () => {
  it('is a process of its own without environment or standard streams, and ends with the logs', async () => {
    const store = await open()
    const [pid = 0, ...more] = signers()
    expect(more).toEqual([])
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toBe('')
    for (const fd of [0, 1, 2])
      expect(statSync(`/proc/${pid}/fd/${fd}`).rdev).toBe(statSync('/dev/null').rdev)
    // Ctrl-C reaches the whole group: the server still has last heads to sign then.
    process.kill(pid, 'SIGINT')
    process.kill(pid, 'SIGTERM')
    await write(store, 3)
    expect(await store.vault.list('signing/')).toEqual([])
    expect(readdirSync(join(folder, 'data')).sort()).toEqual(['format', 'lock', 'logs', 'vault'])
    expect(
      statSync(join(folder, 'signer', signerFolder('breakglass/acme/control'), 'keys')).mode & 0o777,
    ).toBe(0o600)
    await close(store)
    expect(existsSync(`/proc/${pid}`)).toBe(false)
    expect((await verifyFolder(folder, () => undefined)).findings).toEqual([])
  })

  it('killed while it signs: both logs stop at once and say why, and nothing acknowledged is lost', async () => {
    const store = await open()
    const acknowledged: number[] = []
    const troubles: unknown[] = []
    for (const log of [store.control, store.sessions]) log.onTrouble(trouble => troubles.push(trouble))
    const work = async (n: number): Promise<void> => {
      for (;;) acknowledged.push((await store.control.append([entry(n)]).signed())[0]?.index ?? -1)
    }
    const working = Promise.allSettled([1, 2, 3].map(work))
    await until(() => acknowledged.length >= 30)
    process.kill(signers()[0] ?? 0, 'SIGKILL')
    for (const end of await working)
      expect(end).toMatchObject({
        reason: { code: 'ledger.failed', message: expect.stringContaining('The signer ended') },
      })
    expect(troubles).toEqual(['failed', 'failed'])
    expect(() => store.sessions.append([entry(0)])).toThrow(/The signer ended/)
    await close(store)

    const again = await open()
    for (const index of acknowledged) expect((await again.control.read(index)).type).toBe('action')
    await write(again, 2)
    await close(again)
    expect((await verifyFolder(folder, () => undefined)).findings).toEqual([])
  })

  it('does not start on a directory that another one has', async () => {
    await open()
    const copy = join(top, 'copy')
    cpSync(folder, copy, { recursive: true })
    writeFileSync(
      join(copy, 'breakglass.yaml'),
      readFileSync(join(copy, 'breakglass.yaml'), 'utf8').replace(
        'signer: ./signer',
        `signer: ${folder}/signer`,
      ),
    )
    await expect(open(copy)).rejects.toMatchObject({
      code: 'ledger.in_use',
      message: expect.stringContaining('/signer'),
    })
  })

  it('does not start with both halves of its memory torn, nor does the log', async () => {
    const store = await open()
    await write(store, 3)
    await close(store)
    const memory = join(folder, 'signer', signerFolder('breakglass/acme/control'), 'memory')
    const bytes = readFileSync(memory)
    bytes.fill(0xff, 40, 60)
    bytes.fill(0xff, 4096 + 40, 4096 + 60)
    writeFileSync(memory, bytes)
    const before = digests(folder)
    await expect(open()).rejects.toMatchObject({
      code: 'ledger.damaged',
      message: expect.stringContaining('cannot read what it signed last'),
    })
    expect(digests(folder)).toEqual(before)
  })

  it('has no key for data that came without its signer, and makes none', async () => {
    const store = await open()
    await write(store, 3)
    await close(store)
    rmSync(join(folder, 'signer'), { recursive: true })
    await expect(open()).rejects.toMatchObject({
      code: 'ledger.damaged',
      message: expect.stringContaining('has no key for it'),
      next: expect.stringContaining('signer directory'),
    })
    expect(existsSync(join(folder, 'signer', signerFolder('breakglass/acme/control')))).toBe(false)
  })
})

describe.skipIf(!isBuilt)('data that was turned back', () => {
  it.each(['child', 'in_process'])(
    'does not start (%s), says what is missing, and nothing changes',
    async kind => {
      configure(kind)
      const first = await open()
      await write(first, 4)
      await close(first)
      cpSync(join(folder, 'data'), join(top, 'older'), { recursive: true })
      const second = await open()
      await write(second, 5)
      await close(second)
      rmSync(join(folder, 'data'), { recursive: true })
      cpSync(join(top, 'older'), join(folder, 'data'), { recursive: true })
      const before = digests(folder)

      const started = spawnSync(process.execPath, [MAIN, 'start', folder], { encoding: 'utf8' })
      expect(started.status).toBe(1)
      expect(started.stderr).toMatch(
        /The log control was turned back: the signer remembers 10 entries, 5 are whole\. The last 5 are missing/,
      )
      expect(started.stderr).toMatch(/bring back the newest data.*restore --new-origin/)
      expect(digests(folder)).toEqual(before)
    },
  )

  it.each(['child', 'in_process'])('and went on elsewhere does not start either (%s)', async kind => {
    configure(kind)
    const first = await open()
    await write(first, 4)
    await close(first)
    // A thief copies everything, signer included, and both go on.
    cpSync(folder, join(top, 'thief'), { recursive: true })
    const thief = await open(join(top, 'thief'))
    await write(thief, 6)
    await close(thief)
    const mine = await open()
    await write(mine, 3)
    await close(mine)
    rmSync(join(folder, 'data'), { recursive: true })
    cpSync(join(top, 'thief', 'data'), join(folder, 'data'), { recursive: true })
    const before = digests(folder)
    await expect(open()).rejects.toMatchObject({
      code: 'ledger.damaged',
      message: expect.stringContaining('went another way than what was signed'),
    })
    expect(digests(folder)).toEqual(before)
  })
})

/** `breakglass signer` as another account would run it. */
async function service(socket: string, options: readonly string[] = [], before: readonly string[] = []) {
  const line = [
    ...before,
    process.execPath,
    MAIN,
    'signer',
    '--directory',
    join(top, 'kept'),
    '--socket',
    socket,
    ...options,
  ]
  const child = spawn(line[0] ?? '', line.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stdout.on('data', (text: Buffer) => (said += text.toString()))
  child.stderr.on('data', (text: Buffer) => (said += text.toString()))
  const gone = once(child, 'exit')
  while (!said.includes('listens at') && child.exitCode === null)
    await new Promise(resolve => setTimeout(resolve, 20))
  return {
    said: () => said,
    async stop(signal: NodeJS.Signals = 'SIGTERM') {
      if (child.exitCode === null) child.kill(signal)
      await gone
    },
  }
}

const asNobody = (path: string) =>
  spawnSync(
    'runuser',
    [
      '-u',
      'nobody',
      '--',
      process.execPath,
      '-e',
      `
    const socket = require('node:net').connect(${JSON.stringify(path)})
    socket.on('connect', () => { console.log('connected'); socket.destroy() })
    socket.on('error', error => console.log(error.code))`,
    ],
    { encoding: 'utf8' },
  ).stdout.trim()
const canBeNobody = spawnSync('runuser', ['-u', 'nobody', '--', 'true']).status === 0
const canTrace =
  spawnSync('strace', ['-f', '-e', 'inject=fdatasync:error=EIO:when=9999', 'true']).status === 0

describe.skipIf(!isBuilt)('breakglass signer', () => {
  it('signs for a server at its socket, for one at a time, and the server stops with it', async () => {
    const socket = join(top, 'signer.sock')
    const one = await service(socket)
    configure(`{ socket: ${socket} }`)
    const store = await open()
    await write(store, 3)
    expect(existsSync(join(folder, 'signer'))).toBe(false)
    cpSync(folder, join(top, 'copy'), { recursive: true })
    await expect(open(join(top, 'copy'))).rejects.toMatchObject({
      code: 'ledger.in_use',
      message: expect.stringContaining('serves another server already'),
    })
    const failed = new Promise(resolve => store.control.onTrouble(resolve))
    await one.stop('SIGKILL')
    expect(await failed).toBe('failed')
    await close(store)
    await expect(open()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(socket),
    })

    // The socket of the killed one is still there, and in nobody's way.
    const two = await service(socket)
    const again = await open()
    await write(again, 1)
    await close(again)
    await two.stop()
    expect(existsSync(socket)).toBe(false)
  })

  it('attack: two servers on copies of one log, one after the other: the second stands still', async () => {
    const socket = join(top, 'signer.sock')
    const running = await service(socket)
    configure(`{ socket: ${socket} }`)
    const first = await open()
    await write(first, 2)
    await close(first)
    cpSync(folder, join(top, 'copy'), { recursive: true })
    const second = await open(join(top, 'copy'))
    await write(second, 2)
    await close(second)
    await expect(open()).rejects.toMatchObject({
      code: 'ledger.damaged',
      message: expect.stringContaining('turned back'),
    })
    await running.stop()
  })

  it.skipIf(!canBeNobody || process.getuid?.() !== 0)(
    'lets in nobody but the account it was told',
    async () => {
      chmodSync(top, 0o755)
      const socket = join(top, 'signer.sock')
      const closed = await service(socket)
      expect(asNobody(socket)).toBe('EACCES')
      await closed.stop()
      const uid = execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }).trim()
      const meant = await service(socket, ['--allow-uid', uid])
      expect(asNobody(socket)).toBe('connected')
      expect(statSync(socket)).toMatchObject({ uid: Number(uid) })
      await meant.stop()
    },
  )

  it.skipIf(!canTrace)(
    'an fdatasync of its memory that fails with EIO stops the log; nothing it answered is lost',
    async () => {
      const socket = join(top, 'signer.sock')
      // -D: the process started here is the signer, not strace, which lets no signal through.
      const inject = [
        'strace',
        '-D',
        '-f',
        '-o',
        '/dev/null',
        '-e',
        'trace=fdatasync',
        '-e',
        'inject=fdatasync:error=EIO:when=12+',
      ]
      const failing = await service(socket, [], ['env', 'UV_THREADPOOL_SIZE=1', ...inject])
      configure(`{ socket: ${socket} }`)
      const store = await open()
      const acknowledged: number[] = []
      await expect(
        (async () => {
          for (let n = 0; n < 200; n += 1)
            acknowledged.push((await store.control.append([entry(n)]).signed())[0]?.index ?? -1)
        })(),
      ).rejects.toMatchObject({
        code: 'ledger.failed',
        message: expect.stringContaining('cannot write to its directory (EIO)'),
      })
      expect(acknowledged.length).toBeGreaterThan(2)
      await close(store)
      await failing.stop()
      const well = await service(socket)
      const again = await open()
      for (const index of acknowledged) expect((await again.control.read(index)).type).toBe('action')
      await write(again, 1)
      await close(again)
      await well.stop()
    },
  )

  it('does not take the place of a file, nor of a signer that answers', async () => {
    const file = join(top, 'file')
    writeFileSync(file, 'mine')
    const refused = await service(file)
    expect(refused.said()).toContain('something that is no socket')
    expect(readFileSync(file, 'utf8')).toBe('mine')
    await refused.stop()
  })
})

const small = join(tmpdir(), `bg-full-${process.pid}`)
mkdirSync(small, { recursive: true })
const canMount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'breakglass-test', small]).status === 0
if (canMount) execFileSync('umount', [small])
rmSync(small, { recursive: true })

describe.skipIf(!isBuilt || !canMount)('a signer whose disk is full', () => {
  it('says so at the first start, leaves nothing half made, and starts once there is room', async () => {
    const disk = join(folder, 'signer')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'breakglass-test', disk])
    try {
      writeFileSync(join(disk, 'ballast'), Buffer.alloc(60_000))
      await expect(open()).rejects.toMatchObject({
        code: 'ledger.failed',
        message: expect.stringContaining('(ENOSPC)'),
      })
      rmSync(join(disk, 'ballast'))
      const store = await open()
      await write(store, 2)
      // Full again: what it needs for signing it took at the start.
      expect(() => writeFileSync(join(disk, 'ballast'), Buffer.alloc(64_000))).toThrow(/ENOSPC/)
      await write(store, 20)
      await close(store)
      const again = await open()
      await write(again, 2)
      await close(again)
    } finally {
      execFileSync('umount', [disk])
    }
  })
})

describe.skipIf(!isBuilt)('data of before the guarded signer', () => {
  const seeds = { control: Buffer.alloc(32, 5), sessions: Buffer.alloc(32, 6) }
  const vault = async () => {
    const { data, keys } = loadConfig(folder)
    const key = await readVaultKey({ env: {}, file: join(keys, 'vault.key'), data })
    return openVault({ folder: join(data, 'vault'), key })
  }
  beforeEach(async () => {
    const { data } = loadConfig(folder)
    const kept = await vault()
    for (const [name, seed] of Object.entries(seeds)) {
      await kept.put(`signing/${name}`, seed)
      const origin = originOf('acme', name)
      const signer = await openLocalSigner({ origin, seed, disk: nodeDisk(join(data, 'signer', name)) })
      const log = await openLog({
        name,
        origin,
        disk: nodeDisk(join(data, 'logs', name)),
        signer,
        clock,
        segmentBytes: 65536,
        entryZero: { origin, vkey: signer.vkey },
      })
      for (let n = 0; n < 4; n += 1) await log.append([entry(n)]).signed()
      await log.close()
    }
  })

  it('is moved at the first start: same keys, same memory, nothing of it left behind', async () => {
    const { logs } = await verifyFolder(folder, () => undefined)
    expect(logs.map(({ trust }) => trust)).toEqual(['vault', 'vault'])
    const store = await open()
    expect(await store.vault.list('signing/')).toEqual([])
    expect(existsSync(join(folder, 'data', 'signer', 'control'))).toBe(false)
    await write(store, 1)
    await close(store)
    const after = await verifyFolder(folder, () => undefined)
    expect(after.findings).toEqual([])
    expect(after.logs.map(({ vkey, trust }) => [vkey, trust])).toEqual(
      logs.map(({ vkey }) => [vkey, 'signer']),
    )
  })

  it.each([
    ['its memory was removed', () => rmSync(join(folder, 'data', 'signer'), { recursive: true })],
    ['the signer had it', () => undefined],
  ])('is moved to the end after a crash when %s and the vault still had the key', async (_when, crash) => {
    cpSync(join(folder, 'data'), join(top, 'before'), { recursive: true })
    await close(await open())
    // What lay there before the move, but for the log, which went on.
    cpSync(join(top, 'before', 'signer'), join(folder, 'data', 'signer'), { recursive: true })
    const kept = await vault()
    for (const [name, seed] of Object.entries(seeds)) await kept.put(`signing/${name}`, seed)
    crash()
    const store = await open()
    expect(await store.vault.list('signing/')).toEqual([])
    await write(store, 1)
    await close(store)
    expect((await verifyFolder(folder, () => undefined)).findings).toEqual([])
  })

  it('without its memory is not moved, and nothing changes', async () => {
    rmSync(join(folder, 'data', 'signer'), { recursive: true })
    const before = digests(join(folder, 'data'))
    await expect(open()).rejects.toMatchObject({
      code: 'ledger.damaged',
      message: expect.stringContaining('signed last is not in'),
    })
    expect(digests(join(folder, 'data'))).toEqual(before)
  })
})
