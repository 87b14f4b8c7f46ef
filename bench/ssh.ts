/**
 * SSH through the gateway beside OpenSSH without it and OpenSSH through a jump host (`ssh -J`), in turn in the same run: how long until
 * the first output, how fast a file goes, what sessions weigh, how fast all of them end.
 */
import { execFileSync, fork, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { missing } from '../test/real/servers/missing.ts'
import { descendants, missingSshd, publicLine, type Sshd, startSshd } from '../test/real/ssh/lab.ts'
import { startSshWorld, type Way } from '../test/real/ssh/world.ts'
import { apiOf } from '../test/real/world.ts'
import { keep, median, table } from './machine.ts'
import { inOwnProcess } from './own-process.ts'
import type { Crowd, CrowdGone } from './ssh-crowd.ts'

const RUNS = Number(process.env['BENCH_RUNS'] ?? 40)
const MIB = Number(process.env['BENCH_MIB'] ?? 1024)
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3)
const SESSIONS = Number(process.env['BENCH_SESSIONS'] ?? 300)
/** What opening sessions left behind is collected in its own time. */
const SETTLE_MS = Number(process.env['BENCH_SETTLE_MS'] ?? 15_000)

const absent = [...missingSshd, ...missing('postgres15', 'openssl')]
if (absent.length > 0) {
  console.log(`ssh: skipped. ${absent.join('; ')}`)
  process.exit(0)
}

/** The peers: as OpenSSH comes, and with the algorithms that the gateway offers. */
const JUMP = 'ssh -J'
const JUMP_SAME = 'ssh -J, same algorithms'

interface Route {
  readonly name: string
  /** For `-F`. */
  readonly config: string
  readonly host: string
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

/** OpenSSH without us: straight, and through a host in between. */
function configWithout(world: { folder: string; sshd: Sshd }, hop: Sshd): string {
  const known = join(world.folder, 'known_hosts')
  writeFileSync(known, [world.sshd, hop].map(one => readFileSync(one.knownHosts, 'utf8')).join(''))
  const file = join(world.folder, 'openssh.config')
  const lines = [
    `Host direct* jumped*\n  Port ${world.sshd.port}`,
    `Host hop*\n  Port ${hop.port}`,
    'Host jumped\n  ProxyJump hop\nHost jumped-same\n  ProxyJump hop-same',
    // What OpenSSH and the gateway agree on; by default OpenSSH takes a slower exchange and another cipher with its like.
    'Host *-same\n  KexAlgorithms curve25519-sha256\n  Ciphers aes128-gcm@openssh.com',
    `Host *\n  HostName 127.0.0.1\n  User ${world.sshd.account}\n  IdentityFile ${world.sshd.identity()}`,
    `  UserKnownHostsFile ${known}\n  GlobalKnownHostsFile none\n  StrictHostKeyChecking yes`,
    '  IdentitiesOnly yes\n  IdentityAgent none\n  ControlPath none\n',
  ]
  writeFileSync(file, lines.join('\n'))
  return file
}

/** Milliseconds from the start of `ssh` to the first byte of what its command prints. */
async function firstOutput({ config, host }: Route): Promise<number> {
  const began = performance.now()
  const child = spawn('ssh', ['-F', config, host, 'echo out'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  const [said] = await Promise.race([once(child.stdout, 'data'), closed])
  const took = performance.now() - began
  if (String(said) !== 'out\n') throw new Error(`${host} said ${String(said)}`)
  await closed
  return took
}

async function handshakes(routes: readonly Route[]): Promise<Record<string, { p50: number; p99: number }>> {
  const took = new Map(routes.map(({ name }) => [name, [] as number[]]))
  for (let run = -3; run < RUNS; run++) {
    for (const route of routes) {
      const ms = await firstOutput(route)
      if (run >= 0) took.get(route.name)?.push(ms)
    }
  }
  return Object.fromEntries(
    [...took].map(([name, all]) => [name, { p50: median(all), p99: percentile(all, 0.99) }]),
  )
}

interface Copies {
  readonly up: Record<string, number[]>
  readonly down: Record<string, number[]>
  readonly growthMiB: number
}

/** Seconds of each `scp`, by direction and route; how far the gateway's memory rose above its lowest while the copies went. */
async function copies(routes: readonly Route[], memory: () => number): Promise<Copies> {
  const folder = mkdtempSync('/dev/shm/bg-bench-')
  chmodSync(folder, 0o777)
  try {
    const file = join(folder, 'file')
    execFileSync('sh', ['-c', `openssl rand ${MIB * 2 ** 20} > ${file}`])
    chmodSync(file, 0o644)
    const took: Record<'up' | 'down', Record<string, number[]>> = { up: {}, down: {} }
    let least = memory()
    let growth = 0
    const watch = setInterval(() => {
      const now = memory()
      least = Math.min(least, now)
      growth = Math.max(growth, now - least)
    }, 50)
    for (let round = 0; round < ROUNDS; round++) {
      for (const { name, config, host } of routes) {
        for (const way of ['up', 'down'] as const) {
          const copy = join(folder, `${way}-${round}`)
          const [from, to] = way === 'up' ? [file, `${host}:${copy}`] : [`${host}:${file}`, copy]
          const began = performance.now()
          const [code] = (await once(
            spawn('scp', ['-q', '-F', config, from, to], { stdio: ['ignore', 'inherit', 'inherit'] }),
            'exit',
          )) as [number]
          ;(took[way][name] ??= []).push((performance.now() - began) / 1000)
          if (code !== 0 || statSync(copy).size !== MIB * 2 ** 20)
            throw new Error(`scp ${way} by ${name} ended with ${code}`)
          rmSync(copy)
        }
      }
    }
    clearInterval(watch)
    return { ...took, growthMiB: growth / 2 ** 20 }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Processes below a server of the bench that carry the mark of a grant. */
function marked(sshd: Sshd): number {
  return descendants(sshd.pid).filter(pid => {
    try {
      return /(^|\0)BREAKGLASS_LOGIN=bg_/.test(readFileSync(`/proc/${pid}/environ`, 'latin1'))
    } catch {
      // It ended while we looked.
      return false
    }
  }).length
}

interface Ending {
  readonly bytesEach: number
  readonly firstClosedMs: number
  readonly lastClosedMs: number
  readonly told: number
  readonly nothingLeftMs: number
}

/** Opens all the terminals, weighs them, then revokes their grant. */
async function crowd(plan: Crowd, memory: () => number, revoke: () => Promise<unknown>): Promise<Ending> {
  const before = memory()
  const child = fork(join(import.meta.dirname, 'ssh-crowd.ts'))
  child.send(plan)
  const [said] = (await once(child, 'message')) as [unknown]
  if (said !== 'open') throw new Error('the crowd did not get in')
  await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
  const bytesEach = (memory() - before) / plan.count
  const began = performance.timeOrigin + performance.now()
  const revoked = revoke()
  const [gone] = (await once(child, 'message')) as [CrowdGone]
  await revoked
  while (marked(world.sshd) > 0) await new Promise(resolve => setTimeout(resolve, 20))
  const nothingLeft = performance.timeOrigin + performance.now()
  return {
    bytesEach,
    firstClosedMs: gone.first - began,
    lastClosedMs: gone.last - began,
    told: gone.told,
    nothingLeftMs: nothingLeft - began,
  }
}

const world = await startSshWorld({
  procedure: text => text.replace('sessions: 300', `sessions: ${SESSIONS + 50}`),
})
const hop = await startSshd({ ca: world.sshd.ca })
const priya = await world.signIn('priya')
const entered = await world.enter()
const own = await inOwnProcess(world)
const url = world.server.url
const api = apiOf(() => url, entered.api.token)
const security = apiOf(() => url, priya.token)
const way: Way = entered.way
const without = configWithout(world, hop)
const routes: readonly Route[] = [
  { name: 'direct', config: without, host: 'direct' },
  { name: 'direct, same algorithms', config: without, host: 'direct-same' },
  { name: JUMP, config: without, host: 'jumped' },
  { name: JUMP_SAME, config: without, host: 'jumped-same' },
  { name: 'gateway', config: way.config, host: 'web-1' },
]

const ms = (value: number): string => `${value.toFixed(1)} ms`
const ratio = (value: number): number => Number(value.toFixed(2))

const hands = await handshakes(routes)
const p50 = (name: string): number => hands[name]?.p50 ?? NaN
console.log(`\nFrom the start of ssh to the first output, ${RUNS} times each in turn:`)
console.log(
  table([
    ['way', 'p50', 'p99', `÷ ${JUMP}`, `÷ ${JUMP_SAME}`],
    ...Object.entries(hands).map(([name, each]) => [
      name,
      ms(each.p50),
      ms(each.p99),
      ratio(each.p50 / p50(JUMP)),
      ratio(each.p50 / p50(JUMP_SAME)),
    ]),
  ]),
)

const took = await copies(routes, () => own.memory())
const rate = (seconds: readonly number[] = []): number => Math.round(MIB / median(seconds))
/** Of each round, how many times as fast as a peer in the same round. */
const against = (all: Record<string, number[]>, name: string, peer: string): number =>
  ratio(median((all[name] ?? []).map((seconds, round) => (all[peer]?.[round] ?? NaN) / seconds)))
for (const direction of ['up', 'down'] as const) {
  const all = took[direction]
  console.log(`\nscp of ${MIB} MiB ${direction}, ${ROUNDS} times each in turn:`)
  console.log(
    table([
      ['way', 'MiB/s', `÷ ${JUMP}`, `÷ ${JUMP_SAME}`],
      ...routes.map(({ name }) => [
        name,
        rate(all[name]),
        against(all, name, JUMP),
        against(all, name, JUMP_SAME),
      ]),
    ]),
  )
}
console.log(`The gateway's memory grew by at most ${took.growthMiB.toFixed(0)} MiB meanwhile.`)

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const sheet = await api.post<{ login: string; port: number; host_keys: string[] }>(
  `/v1/grants/${entered.grant}/credential`,
  { public_key: publicLine(publicKey) },
)
const ending = await crowd(
  {
    count: SESSIONS,
    port: sheet.port,
    login: sheet.login,
    hostKey: sheet.host_keys[0]?.split(' ').at(-1) ?? '',
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    word: 'revoked',
  },
  () => own.memory(),
  () => security.post(`/v1/grants/${entered.grant}/revoke`, { reason: 'the bench is over' }),
)
console.log(
  `\n${SESSIONS} interactive sessions: ${(ending.bytesEach / 1024).toFixed(0)} KiB of the gateway's memory each` +
    `\nRevoked: the first closed after ${ms(ending.firstClosedMs)}, the last after ${ms(ending.lastClosedMs)},` +
    ` ${ending.told} of them told why; nothing of them ran at the target after ${ms(ending.nothingLeftMs)}`,
)
keep('ssh', {
  versions: execFileSync('sh', ['-c', 'ssh -V 2>&1'], { encoding: 'utf8' }).trim(),
  firstOutput: { times: RUNS, ...hands },
  scp: { mib: MIB, seconds: { up: took.up, down: took.down }, growthMiB: Math.round(took.growthMiB) },
  sessions: { count: SESSIONS, ...ending, bytesEach: Math.round(ending.bytesEach) },
})
await own.stop()
await hop.stop()
await world.sshd.stop()
await world.target.stop()
process.exit(0)
