/**
 * How long a start takes with long logs: builds them in a folder of its own (through the same writers as the gateway), then opens
 * them in processes of their own after a clean stop and after kill -9, and removes them.
 */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alertSlices } from '../src/alert/slices.ts'
import { grants, loginNames } from '../src/grant/slice.ts'
import { locks } from '../src/grant/locks.ts'
import { identitySlices } from '../src/identity/create-identity.ts'
import { incidentNames, incidents } from '../src/incident/slice.ts'
import { openJournal } from '../src/journal/open-journal.ts'
import type { Slice } from '../src/journal/slice.ts'
import { newId } from '../src/kernel/ids.ts'
import type { Draft, Log, SealKey } from '../src/ledger/log.ts'
import { openLog } from '../src/ledger/open-log.ts'
import { openLocalSigner } from '../src/ledger/signer/local-signer.ts'
import { procedureSets } from '../src/policy/acceptance.ts'
import { openSessionLog, type SessionLog } from '../src/recording/session-log.ts'
import { reviews } from '../src/review/slice.ts'
import { anchors } from '../src/server/anchor-sessions.ts'
import { action } from './ledger-log.ts'
import { nodeDisk } from '../src/store/file/node-disk.ts'

export interface StartTimes {
  readonly sessionEntries: number
  readonly controlEntries: number
  readonly sessions: number
  /** ms until both logs take entries and both folds are done, of each round, and CPU used until then. */
  readonly cleanMs: readonly number[]
  readonly cleanCpuMs: readonly number[]
  readonly crashMs: readonly number[]
  readonly crashCpuMs: readonly number[]
  /** MiB of the process when ready. */
  readonly memoryMiB: number
  /** CPU µs of one append by 64 writers, behind a short log and behind the long one. */
  readonly appendUs: { readonly short: number; readonly long: number }
}

interface Ready {
  readonly ready: number
  readonly cpu: number
  readonly memory: number
}

const key: SealKey = { name: 'session/s_018f2f5e-0000-7000-8000-000000000000', bytes: Buffer.alloc(32, 1) }
const keys = { find: (): SealKey => key, obtain: () => Promise.resolve(key) }
const boot = '53868503-bbaf-4739-bb05-c1c32319dc9a'
const clock = { now: () => ({ wall: Date.now(), mono: performance.now(), boot }) }
const slices = [
  ...identitySlices,
  procedureSets,
  incidents,
  incidentNames,
  grants,
  loginNames,
  locks,
  ...alertSlices,
  reviews,
  anchors,
] as readonly Slice<unknown>[]
/** Entries of one session, and sessions at a time. */
const EACH = 500
const AT_ONCE = 500

async function openBoth(folder: string): Promise<{ readonly control: Log; readonly sessions: Log }> {
  const open = async (name: string, signEveryMs: number): Promise<Log> => {
    const origin = `bench.example/${name}`
    const disk = nodeDisk(join(folder, 'signer', name))
    const signer = await openLocalSigner({ origin, seed: Buffer.alloc(32, 2), disk })
    const log = nodeDisk(join(folder, 'logs', name))
    return openLog({
      name,
      origin,
      disk: log,
      signer,
      clock,
      signEveryMs,
      rehashAfterMs: 2000,
      entryZero: {},
    })
  }
  return { control: await open('control', 0), sessions: await open('sessions', 100) }
}

async function speak(sessions: SessionLog, left: number): Promise<number> {
  const writer = await sessions.begin({
    ...{ session: newId('session'), grant: newId('grant'), person: newId('person'), target: 'orders-db' },
    ...{ protocol: 'postgres', scope: 'repair', evidence: 'before', remote: '10.0.0.1', application: 'psql' },
  })
  const count = Math.min(EACH, left)
  for (let n = 1; n < count - 1; n += 1)
    await writer.record({
      type: 'action',
      t: Date.now(),
      outcome: 'allowed',
      data: { kind: 'query', n, verbs: ['select'] },
    })
  await writer.close({ reason: 'client' })
  return count
}

async function build(folder: string, sessionEntries: number, controlEntries: number): Promise<number> {
  const { control, sessions: log } = await openBoth(folder)
  const sessions = await openSessionLog(log, keys)
  let left = sessionEntries
  let made = 0
  const one = async (): Promise<void> => {
    while (left > 2) {
      const mine = Math.min(EACH, left)
      left -= mine
      made += 1
      await speak(sessions, mine)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
  for (let at = 0; at < controlEntries; at += 100) {
    const drafts = Array.from({ length: 100 }, (_, i): Draft => controlEvent(at + i))
    await control.append(drafts).durable()
  }
  await sessions.close()
  await log.close()
  await control.close()
  return made
}

/** What fills the control log of a busy year: readings, anchors, deliveries. */
function controlEvent(n: number): Draft {
  const by = newId('person')
  if (n % 3 === 0)
    return {
      type: 'log.anchored',
      src: 'control',
      data: {
        log: 'sessions',
        origin: 'bench.example/sessions',
        size: n * 100,
        root: randomBytes(32).toString('hex'),
      },
    }
  return {
    type: n % 3 === 1 ? 'recording.read' : 'recording.searched',
    src: 'control',
    subject: by,
    outcome: 'read',
    data: { by, session: newId('session'), grant: newId('grant') },
    ...(n % 3 === 2 && { payload: { text: 'customer = 4711' }, seal: key }),
  }
}

const APPENDS = 100_000

/** In a process of its own: CPU µs of one append behind what is there, after as many to warm up. */
async function append(folder: string): Promise<void> {
  const { control, sessions } = await openBoth(folder)
  let left = 0
  const work = async (src: string): Promise<void> => {
    for (let n = 0; left > 0; n += 1) {
      left -= 1
      await sessions.append([action(src, n, false)]).durable()
    }
  }
  const round = async (): Promise<number> => {
    left = APPENDS
    const before = process.cpuUsage()
    await Promise.all(Array.from({ length: 64 }, (_, i) => work(`s_${i}`)))
    const { user, system } = process.cpuUsage(before)
    return (user + system) / APPENDS
  }
  await round()
  process.stdout.write(`${await round()}\n`)
  await sessions.close()
  await control.close()
}

/** In a process of its own: opens everything, says how long it took, and ends as it was told to. */
async function start(folder: string, end: 'clean' | 'crash'): Promise<void> {
  const began = performance.now()
  const cpuBefore = process.cpuUsage()
  const { control, sessions: log } = await openBoth(folder)
  await openJournal({ log: control, keys, clock, slices })
  const sessions = await openSessionLog(log, keys)
  const ready = performance.now() - began
  const { user, system } = process.cpuUsage(cpuBefore)
  const said: Ready = { ready, cpu: (user + system) / 1000, memory: process.memoryUsage.rss() / 2 ** 20 }
  process.stdout.write(`${JSON.stringify(said)}\n`)
  if (end === 'crash') {
    await Promise.all(Array.from({ length: 40 }, () => speak(sessions, EACH)))
    process.kill(process.pid, 'SIGKILL')
  }
  await sessions.close()
  await log.close()
  await control.close()
}

export async function measureStarts(sessionEntries: number, controlEntries: number): Promise<StartTimes> {
  const folder = await mkdtemp(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'bg-bench-start-'))
  try {
    const sessions = await build(folder, sessionEntries, controlEntries)
    const child = (at: string, what: string): string => {
      const self = fileURLToPath(import.meta.url)
      const loader = join(import.meta.dirname, '..', 'scripts', 'typescript.mjs')
      const { stdout } = spawnSync(process.execPath, ['--import', loader, self, at, what], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      return stdout
    }
    const run = (end: 'clean' | 'crash'): Ready => JSON.parse(child(folder, end)) as Ready
    const clean = [run('clean'), run('clean'), run('clean')]
    run('crash')
    const crash = [run('crash'), run('crash'), run('clean')]
    const short = join(folder, 'short')
    await build(short, 10_000, 0)
    const appendUs = { short: Number(child(short, 'append')), long: Number(child(folder, 'append')) }
    return {
      sessionEntries,
      controlEntries,
      sessions,
      cleanMs: clean.map(({ ready }) => Math.round(ready)),
      cleanCpuMs: clean.map(({ cpu }) => Math.round(cpu)),
      crashMs: crash.map(({ ready }) => Math.round(ready)),
      crashCpuMs: crash.map(({ cpu }) => Math.round(cpu)),
      appendUs,
      memoryMiB: Math.round(Math.max(...clean.map(({ memory }) => memory))),
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

const [, self, folder, end] = process.argv
if (self === fileURLToPath(import.meta.url) && folder !== undefined && (end === 'clean' || end === 'crash'))
  await start(folder, end)
else if (self === fileURLToPath(import.meta.url) && folder !== undefined && end === 'append')
  await append(folder)
