import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { acknowledged, APPENDER, isBuilt } from '../../src/ledger/appender.suite.ts'
import {
  fill,
  KEY,
  ORIGIN,
  type Scratch,
  SEED,
  SEGMENT,
  scratchLog,
  VKEY,
} from '../../src/ledger/scratch-log.suite.ts'
import { openLog } from '../../src/ledger/open-log.ts'
import { openLocalSigner } from '../../src/ledger/signer/local-signer.ts'
import { SLOT_BYTES } from '../../src/ledger/signer/signer-memory.ts'
import { verifyLog } from '../../src/ledger/verify/verify-log.ts'
import { lockDirectory } from '../../src/store/file/directory-lock.ts'
import { nodeDisk } from '../../src/store/file/node-disk.ts'
import { openVault, verifyVault } from '../../src/store/file/vault.ts'
import { failingDisk } from './failing-disk.suite.ts'
import { STARVED } from './starved.suite.ts'
import { until } from '../support/wait.ts'

/** The same bytes whenever the log is made, ids and salts apart: so places in it are too. */
const clock = { now: () => ({ wall: 1_700_000_000_000, mono: 1234, boot: 'boot-1' }) }
const ENTRIES = 290

interface Row {
  readonly what: string
  readonly done: string
  readonly verify: string
  readonly start: string
}

const damaged: Row[] = []
const faults: { readonly fault: string; readonly outcome: string }[] = []

/** Texts stand in the document as they are said, long numbers and temporary folders apart. */
function said(text: string): string {
  return text
    .replaceAll(/\/tmp\/[^ "]*/g, 'DATA')
    .replaceAll(/byte \d+/g, 'byte N')
    .replaceAll('|', '\\|')
}

type Harm = (bytes: Buffer) => Buffer

const flip =
  (where: (bytes: Buffer) => number): Harm =>
  bytes => {
    const at = where(bytes)
    if (at < 0) throw new Error('there is no such place')
    bytes[at] = (bytes[at] ?? 0) ^ 0x04
    return bytes
  }
const middle: Harm = flip(bytes => bytes.length >> 1)
const half: Harm = bytes => bytes.subarray(0, bytes.length >> 1)
const entryAt = (n: number) => (bytes: Buffer) => bytes.indexOf(`"data":{"n":${n}}`) + 3

describe('a damaged file', () => {
  let whole: Scratch

  beforeAll(async () => {
    whole = await scratchLog()
    const log = await whole.open({ clock })
    await fill(log, ENTRIES)
    await log.close()
  })
  afterAll(() => whole.remove())

  /** The log with one thing wrong, as its files are read again, and as it is started on. */
  async function harmed(what: string, done: string, harm: (folder: string) => Promise<void>): Promise<Row> {
    const folder = await mkdtemp(join(tmpdir(), 'bg-harm-'))
    try {
      await cp(whole.folder, folder, { recursive: true })
      await harm(folder)
      const row = { what, done, verify: await verified(folder), start: await started(folder) }
      damaged.push(row)
      return row
    } finally {
      await rm(folder, { recursive: true })
    }
  }

  async function verified(folder: string): Promise<string> {
    const disk = nodeDisk(join(folder, 'log'))
    const { findings } = await verifyLog({ disk, vkey: VKEY, signer: nodeDisk(join(folder, 'signer')) })
    const [first] = findings
    if (first === undefined) return 'nothing'
    const { file, index, what } = first
    const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : ''
    return said(`${file}${index === undefined ? '' : `, entry ${index}`}: ${what}${more}`)
  }

  async function started(folder: string): Promise<string> {
    const disk = nodeDisk(join(folder, 'log'))
    try {
      const signer = await openLocalSigner({
        origin: ORIGIN,
        seed: SEED,
        disk: nodeDisk(join(folder, 'signer')),
      })
      const log = await openLog({
        name: 'control',
        origin: ORIGIN,
        disk,
        signer,
        clock,
        segmentBytes: SEGMENT,
        entryZero: {},
      })
      const before = log.length
      const written = await log.repaired()
      const { trouble } = log
      await log.close()
      if (trouble !== undefined) return `starts; the background reading finds it and stops the log`
      const after = await verified(folder)
      const how = before === ENTRIES + 1 ? 'starts' : 'starts as after a crash'
      const again = written.length === 0 ? '' : `; writes ${written.join(', ')} again`
      return `${how}${again}; afterwards ${after === 'nothing' ? 'all is whole' : after}`
    } catch (error) {
      return said(`refuses: ${(error as Error).message}`)
    }
  }

  const change =
    (file: string, harm: Harm) =>
    async (folder: string): Promise<void> => {
      const path = join(folder, file)
      await writeFile(path, harm(await readFile(path)))
    }
  const remove = (file: string) => (folder: string) => rm(join(folder, file))
  const copy = (from: string, to: string) => (folder: string) => cp(join(folder, from), join(folder, to))
  const swap =
    (one: string, other: string) =>
    async (folder: string): Promise<void> => {
      const [a, b] = [await readFile(join(folder, one)), await readFile(join(folder, other))]
      await writeFile(join(folder, one), b)
      await writeFile(join(folder, other), a)
    }

  const first = 'log/segments/00000000.seg'
  const last = 'log/segments/00000001.seg'
  const tile = 'log/tile/0/000'
  const partial = 'log/tile/0/001.p/35'
  const upper = 'log/tile/1/000.p/1'
  const bundle = 'log/tile/entries/000'
  const marker = 'log/clean-stop'
  const memory = 'signer/memory'
  const sizeIn = (bytes: Buffer, slot: number): number =>
    Number(bytes.toString('utf8', slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES).split('\n')[1])
  const newer = (bytes: Buffer): number => (sizeIn(bytes, 0) > sizeIn(bytes, 1) ? 0 : 1)
  const hurtNewer = flip(bytes => newer(bytes) * SLOT_BYTES + 40)
  const hurtOlder = flip(bytes => (1 - newer(bytes)) * SLOT_BYTES + 40)

  const cases: readonly (readonly [what: string, done: string, harm: (folder: string) => Promise<void>])[] = [
    [
      'a segment',
      'a bit of a frame header flipped',
      change(
        first,
        flip(() => 30),
      ),
    ],
    ['a segment', 'a bit of an entry flipped', change(first, flip(entryAt(80)))],
    [
      'a segment',
      'a bit of a sealed payload flipped',
      change(
        first,
        flip(bytes => bytes.indexOf(KEY.name) + KEY.name.length + 20),
      ),
    ],
    ['a segment', 'truncated', change(first, half)],
    ['a segment', 'removed', remove(first)],
    ['a segment', 'duplicated as a later one', copy(first, 'log/segments/00000003.seg')],
    ['a segment', 'exchanged with the next', swap(first, last)],
    ['the last segment', 'a bit of its last entry flipped', change(last, flip(entryAt(ENTRIES - 1)))],
    [
      'the last segment',
      'a bit of the padding flipped',
      change(
        last,
        flip(bytes => bytes.length - 10),
      ),
    ],
    ['the last segment', 'removed', remove(last)],
    ['the spare segment', 'a bit of the padding flipped', change('log/segments/00000002.seg', middle)],
    ['the spare segment', 'removed', remove('log/segments/00000002.seg')],
    ...(
      [
        ['a full tile of leaves', tile, 'log/tile/0/001'],
        ['a partial tile of leaves', partial, 'log/tile/0/002.p/35'],
        ['a tile of level 1', upper, 'log/tile/1/001.p/1'],
        ['a bundle of entries', bundle, 'log/tile/entries/001'],
      ] as const
    ).flatMap(
      ([what, file, other]) =>
        [
          [what, 'a bit flipped', change(file, middle)],
          [what, 'truncated', change(file, half)],
          [what, 'removed', remove(file)],
          [what, 'duplicated in another place', copy(file, other)],
        ] as const,
    ),
    ['a tile and a bundle', 'exchanged', swap(tile, bundle)],
    ...(
      [
        ['the checkpoint', 'log/checkpoint'],
        ['the snapshot', 'log/snapshot'],
      ] as const
    ).flatMap(
      ([what, file]) =>
        [
          [what, 'a bit flipped', change(file, middle)],
          [what, 'truncated', change(file, half)],
          [what, 'removed', remove(file)],
        ] as const,
    ),
    [
      'the marker of a clean stop',
      'a bit flipped',
      change(
        marker,
        flip(() => 3),
      ),
    ],
    [
      'the marker of a clean stop',
      'its root exchanged',
      change(marker, bytes => Buffer.from(bytes.toString().replace(/[0-9a-f]{64}/, '0'.repeat(64)))),
    ],
    ['the marker of a clean stop', 'truncated', change(marker, half)],
    ['the marker of a clean stop', 'removed', remove(marker)],
    ['the log', 'a file added', folder => writeFile(join(folder, 'log/extra'), 'x')],
    ['the memory of the signer', 'a bit of the newer slot flipped', change(memory, hurtNewer)],
    ['the memory of the signer', 'a bit of the older slot flipped', change(memory, hurtOlder)],
    [
      'the memory of the signer',
      'a bit of both slots flipped',
      change(memory, bytes => flip(() => SLOT_BYTES + 40)(flip(() => 40)(bytes))),
    ],
    ['the memory of the signer', 'truncated', change(memory, half)],
    ['the memory of the signer', 'removed', remove(memory)],
    [
      'the memory of the signer',
      'its slots exchanged',
      change(memory, bytes => Buffer.concat([bytes.subarray(SLOT_BYTES), bytes.subarray(0, SLOT_BYTES)])),
    ],
  ]

  it.each(cases)('%s, %s: is named, or made again', async (what, done, harm) => {
    const { verify, start } = await harmed(what, done, harm)
    // What changes nothing that anybody reads need not be found; but then a start must leave all whole.
    if (verify === 'nothing') expect(start).toContain('all is whole')
    if (/tile|bundle|checkpoint|snapshot/.test(what) && !done.startsWith('duplicated'))
      expect(start).toContain('all is whole')
    if (start.startsWith('refuses')) expect(start).toMatch(/damaged|cannot read|turned back/)
  })

  it.each(['a bit flipped', 'truncated', 'removed'])('a record of the vault, %s', async done => {
    const folder = await mkdtemp(join(tmpdir(), 'bg-vault-'))
    try {
      const vault = await openVault({ folder, key: SEED })
      const disk = nodeDisk(folder)
      const own = new Set(await disk.list('records'))
      await vault.put('signing/control', Buffer.alloc(32, 1))
      const record = (await disk.list('records')).find(name => !own.has(name)) ?? ''
      const path = join(folder, 'records', record)
      const bytes = await readFile(path)
      if (done === 'removed') await rm(path)
      else await writeFile(path, done === 'truncated' ? half(bytes) : middle(bytes))
      const name = (text: string): string => said(text.replaceAll(record, 'RECORD'))
      const [finding] = await verifyVault({ folder, key: SEED })
      const start = await openVault({ folder, key: SEED })
        .then(async again =>
          (await again.get('signing/control')) === undefined ? 'starts without it' : 'starts',
        )
        .catch((error: unknown) => name(`refuses: ${(error as Error).message}`))
      damaged.push({
        what: 'a record of the vault',
        done,
        verify: finding === undefined ? 'nothing' : name(`${finding.file}: ${finding.what}`),
        start,
      })
      expect(record).not.toBe('')
      if (done !== 'removed') expect(finding?.file).toContain(record)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

const canTrace =
  spawnSync('strace', ['-f', '-e', 'inject=fdatasync:error=EIO:when=9999', 'true']).status === 0

/** Starts on the log: everything acknowledged is there, and afterwards everything is whole. */
async function expectAllThere(scratch: Scratch, told: ReturnType<typeof acknowledged>): Promise<void> {
  const log = await scratch.open()
  for (const { index, hash } of told)
    if (hash !== undefined) expect((await log.read(index)).leafHash.toString('hex')).toBe(hash)
  await log.repaired()
  await log.close()
  expect((await scratch.verify()).findings).toEqual([])
}

describe.skipIf(!isBuilt || !canTrace)('a system call that fails while the log is written', () => {
  const cases: readonly (readonly [fault: string, inject: string])[] = [
    ['`fdatasync`: EIO, once', 'fdatasync:error=EIO:when=40'],
    ['`fdatasync`: EIO, from then on', 'fdatasync:error=EIO:when=40+'],
    ['`pwrite64`: EIO, once', 'pwrite64:error=EIO:when=60'],
    ['`pwrite64`: ENOSPC, once', 'pwrite64:error=ENOSPC:when=60'],
    ['`pwrite64`: EROFS, from then on', 'pwrite64:error=EROFS:when=60+'],
    ['`rename`: EIO, from then on', 'rename:error=EIO:when=4+'],
    ['`fsync` (folders): EIO, from then on', 'fsync:error=EIO:when=30+'],
  ]

  it.each(cases)('%s: nothing acknowledged is lost', async (fault, inject) => {
    const scratch = await scratchLog()
    try {
      const call = inject.slice(0, inject.indexOf(':'))
      const trace = ['-f', '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${inject}`]
      // One thread, so that strace, which counts calls per thread, counts all of them.
      const { stdout } = spawnSync(
        'strace',
        [...trace, process.execPath, '--input-type=module', '-e', APPENDER, scratch.folder],
        {
          encoding: 'utf8',
          // Only the log that goes on has to be ended.
          timeout: call === 'rename' ? 4000 : 25_000,
          killSignal: 'SIGKILL',
          env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
        },
      )
      const told = acknowledged(stdout)
      await expectAllThere(scratch, told)
      expect(told.length).toBeGreaterThan(5)
      const stopped = stdout.includes('trouble failed')
      faults.push({
        fault,
        outcome: stopped
          ? 'the log stops for good (`ledger.failed`); the next start has every acknowledged entry'
          : 'the log goes on: only derived files are late, and the next round writes them; every acknowledged entry is there',
      })
    } finally {
      await scratch.remove()
    }
  })
})

describe.skipIf(!isBuilt)('a process that runs out of descriptors', () => {
  it('refuses, records ends from the reserve, and goes on when it has some again', async () => {
    const scratch = await scratchLog()
    const { stdout } = spawnSync(
      'sh',
      [
        '-c',
        'ulimit -n 256; exec "$0" "$@"',
        process.execPath,
        '--input-type=module',
        '-e',
        STARVED,
        scratch.folder,
      ],
      { encoding: 'utf8', timeout: 30_000, killSignal: 'SIGKILL' },
    )
    const words = stdout.split('\n').filter(line => line !== '' && !line.startsWith('durable'))
    expect(words.map(line => line.split(' ').slice(0, 2).join(' ').slice(0, 16))).toEqual([
      'starved EMFILE',
      'trouble full',
      expect.stringContaining('refused {'),
      'still full',
      'trouble undefine',
      'closed',
    ])
    const refused = JSON.parse(words[2]?.slice('refused '.length) ?? '') as { code: string; next: string }
    expect(refused.code).toBe('ledger.full')
    expect(refused.next).toContain('limit of open files')
    await expectAllThere(scratch, acknowledged(stdout))
    await scratch.remove()
    faults.push({
      fault: 'EMFILE: the process has no file descriptor left',
      outcome:
        'goes on in the files it has open; when it needs another, entries are refused (`ledger.full`, with the limit to raise) and ends of sessions are recorded in the reserve; goes on by itself within a second of a descriptor being free',
    })
  })
})

const failing = await failingDisk()
await failing?.remove()

describe.skipIf(!isBuilt || failing === undefined)('a file system that becomes read-only', () => {
  it('stops the log for good, and refuses a start until it is writable', async () => {
    const disk = await failingDisk()
    if (disk === undefined) throw new Error('it could be mounted before')
    try {
      const scratch = await scratchLog(disk.folder)
      const child = spawn(process.execPath, ['--input-type=module', '-e', APPENDER, scratch.folder], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      let said = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
      await until(() => acknowledged(said).length > 5, 'entries that are durable')
      disk.fail()
      await once(child, 'close')
      expect(said).toContain('trouble failed')
      expect(said).toContain('refused ledger.failed')
      await expect(scratch.open()).rejects.toMatchObject({ code: 'EROFS' })
      disk.mend()
      const told = acknowledged(said)
      expect(told.length).toBeGreaterThan(5)
      await expectAllThere(scratch, told)
    } finally {
      await disk.remove()
    }
    faults.push({
      fault: 'EROFS: the file system becomes read-only (ext4 after an error, `errors=remount-ro`)',
      outcome:
        'the log stops for good (`ledger.failed`): what was not yet on the disk may never get there, so nobody may go on as if it had; a start is refused while it is read-only, the first one after it was checked and mounted again has every acknowledged entry',
    })
  })
})

describe('the surroundings of a log', () => {
  it('a second owner is refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bg-lock-'))
    const lock = await lockDirectory(folder)
    const refused = await lockDirectory(folder).catch((error: unknown) => error as Error & { code: string })
    await lock.release()
    await rm(folder, { recursive: true })
    expect(refused).toMatchObject({ code: 'ledger.in_use' })
    faults.push({
      fault: 'a second process on the same folder',
      outcome: 'refused (`ledger.in_use`), and told who holds it',
    })
  })

  it.each([
    ['an hour back', -3_600_000],
    ['an hour ahead', 3_600_000],
  ])('a clock that jumps %s', async (how, by) => {
    const scratch = await scratchLog()
    const log = await scratch.open()
    const note = { type: 'action', src: 's_1', data: {} }
    const { t: before } = (await log.append([note]).durable())[0] ?? { t: 0 }
    scratch.clock.wall += by
    const { t: after } = (await log.append([note]).durable())[0] ?? { t: 0 }
    await log.close()
    expect(after - before).toBe(Math.max(0, by))
    expect((await scratch.verify()).findings).toEqual([])
    await scratch.remove()
    faults.push({
      fault: `the wall clock jumps ${how}`,
      outcome:
        by < 0
          ? 'log time stands still until the clock has caught up'
          : 'log time follows; grants end by the earlier of both clocks',
    })
  })
})

describe.skipIf(!isBuilt || !canTrace || failing === undefined)('docs/FAULTS.md', () => {
  it('says what happened here', async () => {
    await expect(document()).toMatchFileSnapshot('../../docs/FAULTS.md')
  })
})

function document(): string {
  return [
    '# What a fault does',
    '',
    'Written by `test/ledger/faults-table.test.ts`, which does each of these to a real log on a real disk and fails when a line is no longer',
    'true (`vitest -u` writes it anew). Simulated power cuts, kills, EIO and full disks at *every* operation are walked by',
    '`src/ledger/crash-walk.test.ts` and `npm run soak -- crash`; 200 real kills by `npm run soak -- kill`; a full disk, a clock that jumps and',
    'kill -9 under a whole server by `src/ledger/faults.test.ts` and `test/real/bad-days.test.ts`.',
    '',
    '## While it runs',
    '',
    '| fault | outcome |',
    '|---|---|',
    ...faults.map(({ fault, outcome }) => `| ${fault} | ${outcome} |`),
    '',
    '## Damaged files',
    '',
    `A log of ${ENTRIES + 1} entries that was closed cleanly; then one thing is done to one file. *verify* is what \`breakglass ledger verify\` says first,`,
    '*start* what a start does. A start that refuses has changed nothing.',
    '',
    '| file | done to it | verify | start |',
    '|---|---|---|---|',
    ...damaged.map(({ what, done, verify, start }) => `| ${what} | ${done} | ${verify} | ${start} |`),
    '',
  ].join('\n')
}
