import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { signCheckpoint } from '../../ledger/note/checkpoint.ts'
import { parseCosigner } from '../../ledger/note/cosignature.ts'
import { noteSigner } from '../../ledger/note/note.ts'
import { leafHash } from '../../ledger/tree/merkle.ts'
import { naive } from '../../ledger/tree/naive-tree.suite.ts'
import { encodeAddCheckpoint } from '../../ledger/witness/add-checkpoint.ts'
import { openWitness } from '../../ledger/witness/witness.ts'
import { nodeDisk } from '../../store/file/node-disk.ts'
import { serveWitness } from './serve-witness.ts'
import { type RunningWitness, startWitness, type StartWitnessOptions } from './start-witness.ts'
import { witnessMetrics } from './witness-metrics.ts'

const log = noteSigner('log.example/control', Buffer.alloc(32, 1))
const other = noteSigner('log.example/sessions', Buffer.alloc(32, 2))
const leaves = Array.from({ length: 20 }, (_, i) => leafHash(Buffer.from(`leaf ${i}`)))
const request = (old: number, size: number, signer = log): string =>
  encodeAddCheckpoint({
    old,
    proof: old === 0 || old === size ? [] : naive.subproof(old, leaves.slice(0, size), true),
    checkpoint: signCheckpoint(size, naive.root(leaves.slice(0, size)), signer),
  })

let folder: string
let running: RunningWitness[] = []
const lines: unknown[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bg-witness-'))
  lines.length = 0
})
afterEach(async () => {
  for (const witness of running) await witness.close()
  running = []
  rmSync(folder, { recursive: true })
})

const start = async (more: Partial<StartWitnessOptions> = {}): Promise<RunningWitness> => {
  const witness = await startWitness({
    folder,
    name: 'witness.example/w1',
    logs: [log.vkey],
    host: '127.0.0.1',
    port: 0,
    log: (level, message, facts) => void lines.push({ level, message, ...facts }),
    ...more,
  })
  running.push(witness)
  return witness
}
const post = (port: number, body: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/add-checkpoint`, { method: 'POST', body })

describe('breakglass witness', () => {
  it('makes a key of its own at the first start and keeps name, key and memory over the next', async () => {
    const first = await start()
    expect(first.fresh).toBe(true)
    expect(parseCosigner(first.vkey)?.name).toBe('witness.example/w1')
    expect(statSync(join(folder, 'key')).mode & 0o777).toBe(0o600)
    expect((await post(first.port, request(0, 7))).status).toBe(200)
    await running.pop()?.close()

    const mine = join(folder, 'mine')
    writeFileSync(mine, `# followed\n${log.vkey}\n\n  ${other.vkey}  \n`)
    const again = await startWitness({
      folder,
      logs: [],
      logsFile: mine,
      host: '127.0.0.1',
      port: 0,
      log: () => undefined,
    })
    running.push(again)
    expect(again).toMatchObject({ fresh: false, vkey: first.vkey, name: first.name })
    expect(again.following).toEqual([
      { origin: log.name, size: 7, cosignedAt: undefined },
      { origin: other.name, size: 0, cosignedAt: undefined },
    ])
  })

  it('answers with the types, sizes and words of the specification', async () => {
    const { port } = await start()
    const done = await post(port, request(0, 7))
    expect([done.status, done.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8'])
    expect(await done.text()).toMatch(/^— witness\.example\/w1 [A-Za-z0-9+/]+=*\n$/)
    const conflict = await post(port, request(3, 9))
    expect([conflict.status, conflict.headers.get('content-type'), await conflict.text()]).toEqual([
      409,
      'text/x.tlog.size',
      '7\n',
    ])
    expect((await post(port, request(0, 7, other))).status).toBe(404)
    expect((await post(port, 'nonsense')).status).toBe(400)
    expect((await post(port, request(7, 9).replace('\n9\n', '\n8\n'))).status).toBe(403)
    const forked = encodeAddCheckpoint({
      old: 7,
      proof: [],
      checkpoint: signCheckpoint(9, naive.root(leaves.slice(9)), log),
    })
    expect((await post(port, forked)).status).toBe(422)
    expect((await fetch(`http://127.0.0.1:${port}/add-checkpoint`)).status).toBe(405)
    expect((await fetch(`http://127.0.0.1:${port}/elsewhere`)).status).toBe(404)
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toContain('7 log.example/control')

    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'info', status: 200, origin: log.name, size: 7 }),
    )
    // Signed by the log: kept whole, because it convicts it.
    expect(lines).toContainEqual(expect.objectContaining({ level: 'error', status: 422, request: forked }))
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    expect(metrics).toContain('breakglass_witness_requests_total{status="409"} 1')
    expect(metrics).toContain('breakglass_witness_contradictions_total 1')
    expect(metrics).toContain('breakglass_witness_log_size{origin="log.example/control"} 7')
    expect(metrics).toMatch(
      /breakglass_witness_cosigned_timestamp_seconds\{origin="log.example\/control"\} \d{10}\n/,
    )
  })

  it('lets one of many requests win that start from the same size, and tells the others where it stands', async () => {
    const { port } = await start()
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => post(port, request(0, i + 1))))
    const won = answers.findIndex(({ status }) => status === 200)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const answer of answers.filter(({ status }) => status !== 200))
      expect([answer.status, await answer.text()]).toEqual([409, `${won + 1}\n`])
  })

  it('does not start twice on a folder, nor without a name, a log or a key that only it can read', async () => {
    await expect(start({ logs: [] })).rejects.toMatchObject({
      code: 'input.invalid',
      next: expect.stringContaining('--log'),
    })
    await expect(start({ name: 'two words' })).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(start({ logs: ['x'] })).rejects.toMatchObject({
      message: expect.stringContaining('--log:1'),
    })
    await expect(start({ logsFile: join(folder, 'none') })).rejects.toMatchObject({
      message: expect.stringContaining('ENOENT'),
    })
    await start()
    await expect(start()).rejects.toMatchObject({ code: 'ledger.in_use' })
    await running.pop()?.close()
    await expect(start({ name: 'witness.example/w2' })).rejects.toMatchObject({
      message: expect.stringContaining('is called'),
    })
    chmodSync(join(folder, 'key'), 0o644)
    await expect(start()).rejects.toMatchObject({
      code: 'config.invalid',
      next: expect.stringContaining('chmod'),
    })
    writeFileSync(join(folder, 'key'), 'witness.example/w1\nAAAA\n')
    await expect(start()).rejects.toMatchObject({ code: 'config.invalid' })
    expect(readFileSync(join(folder, 'key'), 'utf8')).toContain('AAAA')
  })

  it('attack 13: large bodies are refused unread, and dawdlers are cut while others are answered', async () => {
    const witness = await openWitness({
      name: 'w',
      seed: Buffer.alloc(32, 3),
      logs: [log],
      disk: name => nodeDisk(join(folder, name)),
      now: () => 1,
    })
    const server = await serveWitness({
      witness,
      metrics: witnessMetrics(),
      host: '127.0.0.1',
      port: 0,
      log: () => undefined,
      requestMs: 300,
    })
    const large = await post(server.port, 'x'.repeat(300_000))
    expect(large.status).toBe(413)
    const endless = connect(server.port, '127.0.0.1')
    endless.on('error', () => undefined)
    let said = ''
    endless.on('data', chunk => {
      said += String(chunk)
    })
    endless.write('POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ntransfer-encoding: chunked\r\n\r\n')
    const piece = `2000\r\n${'y'.repeat(0x2000)}\r\n`
    for (let i = 0; i < 40 && !endless.destroyed; i += 1) endless.write(piece)
    const slow = Array.from({ length: 30 }, () => {
      const socket = connect(server.port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.resume()
      socket.write('POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 1000\r\n\r\nold')
      return once(socket, 'close')
    })
    await sleep(50)
    expect((await post(server.port, request(0, 7))).status).toBe(200)
    await Promise.all(slow)
    if (!endless.closed) await once(endless, 'close')
    expect(said).toContain('413')
    await server.close()
  })
})
