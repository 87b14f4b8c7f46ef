/** A whole acme whose logs are cosigned by three witnesses, one of them a process of its own. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { checkpointText, parseCheckpointText } from '../../src/ledger/note/checkpoint.ts'
import { cosign, cosignerKey } from '../../src/ledger/note/cosignature.ts'
import { splitNote } from '../../src/ledger/note/split-note.ts'
import { parsePolicy, type Policy } from '../../src/ledger/trust/policy.ts'
import { trustCheckpoint } from '../../src/ledger/trust/trusted-checkpoint.ts'
import { type RunningWitness, startWitness } from '../../src/server/witness/start-witness.ts'
import { witnessKey } from '../../src/server/witness/witness-folder.ts'
import { breakglass, isBuilt, type Person, start } from './breakglass.ts'
import { freePort } from '../../src/sandbox/free-port.ts'
import { missing } from './servers/missing.ts'
import { type Api, startWorld, type World } from './world.ts'
import { PATIENCE_MS } from '../support/wait.ts'

const NAMES = ['paris', 'auditor', 'cloud'] as const
type Name = (typeof NAMES)[number]

describe.skipIf(missing('postgres15').length > 0 || !isBuilt)('the logs under witnesses', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bg-witnesses-'))
  const ports = {} as Record<Name, number>
  const keys = {} as Record<Name, ReturnType<typeof cosignerKey>>
  const running = new Map<Name, RunningWitness>()
  let world: World
  let ana: Api
  let logs: readonly string[]
  let policy: Policy
  let policyText: string
  let own: ReturnType<typeof start> | undefined
  let liar: Server | undefined

  const at = (name: Name): string => join(folder, name)
  const up = async (name: Name): Promise<void> => {
    running.set(
      name,
      await startWitness({
        folder: at(name),
        logs,
        host: '127.0.0.1',
        port: ports[name],
        log: () => undefined,
      }),
    )
  }
  const down = async (name: Name): Promise<void> => {
    await running.get(name)?.close()
    running.delete(name)
  }
  const checkpoint = async (log = 'control'): Promise<string> => {
    const headers = { authorization: `Bearer ${ana.token}` }
    return (await fetch(`${world.server.url}/ledger/${log}/checkpoint`, { headers })).text()
  }
  const trusted = async (log?: string) => trustCheckpoint(await checkpoint(log), policy)
  const told = (type: string): number => world.receiver.received.filter(alert => alert.type === type).length
  const eventually = { timeout: PATIENCE_MS, interval: 200 }

  beforeAll(async () => {
    const lines: string[] = []
    for (const name of NAMES) {
      mkdirSync(at(name))
      ports[name] = await freePort()
      const { seed } = await witnessKey(at(name), `${name}.example/w`)
      keys[name] = cosignerKey(`${name}.example/w`, seed)
      lines.push(`witness ${name} ${keys[name].vkey} http://127.0.0.1:${ports[name]}`)
    }
    lines.push(`group two 2 ${NAMES.join(' ')}`, 'quorum two')
    const indented = lines.map(line => `      ${line}\n`).join('')
    world = await startWorld({
      config: text => `${text}ledger:\n  witnesses:\n    policy: |\n${indented}    every: 1s\n`,
    })
    ana = await world.signIn('ana')
    // As a witness's operator does: the keys of the logs from their first entries.
    const vkeyOf = async (log: string): Promise<string> => {
      const person: Person = { url: world.server.url, token: ana.token }
      const { out } = await breakglass(person, ['ledger', 'entry', '0', '--log', log, '--json'])
      const { entry } = JSON.parse(out) as { entry: string }
      return (JSON.parse(entry) as { data: { vkey: string } }).data.vkey
    }
    logs = [await vkeyOf('control'), await vkeyOf('sessions')]
    policyText = [...logs.map(vkey => `log ${vkey}`), ...lines].map(line => `${line}\n`).join('')
    const parsed = parsePolicy(Buffer.from(policyText))
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    policy = parsed.policy
  })
  afterAll(async () => {
    own?.child.kill('SIGTERM')
    await own?.ended
    liar?.closeAllConnections()
    liar?.close()
    for (const name of NAMES) await down(name)
    await world.close()
    rmSync(folder, { recursive: true })
  })

  it('serve the newest signed head while no witness has answered', async () => {
    expect(await trusted()).toMatchObject({ ok: false, why: 'no_quorum' })
    const { logs: heads } = await ana.get<{ logs: { witnessed: { size: number; failing: unknown[] } }[] }>(
      '/v1/ledger',
    )
    expect(heads[0]?.witnessed.size).toBe(0)
  })

  it('are cosigned by a process of one command, and by two more; what is served and proven is what the policy believes', async () => {
    own = start({ url: 'http://127.0.0.1:9' }, [
      'witness',
      at('paris'),
      '--listen',
      `127.0.0.1:${ports.paris}`,
      ...logs.flatMap(vkey => ['--log', vkey]),
    ])
    await vi.waitFor(() => expect(own?.output()).toContain(keys.paris.vkey), eventually)
    await up('auditor')
    await up('cloud')
    for (const log of ['control', 'sessions'])
      await vi.waitFor(async () => expect(await trusted(log)).toMatchObject({ ok: true }), eventually)

    const person: Person = { url: world.server.url, token: ana.token }
    const [proof, entry, rules] = ['p.tlog-proof', 'e.json', 'policy'].map(name => join(folder, name)) as [
      string,
      string,
      string,
    ]
    writeFileSync(rules, policyText)
    await breakglass(person, ['ledger', 'prove', '2', '-o', proof])
    await breakglass(person, ['ledger', 'entry', '2', '-o', entry])
    const offline = { url: 'http://127.0.0.1:9' }
    const verified = await breakglass(offline, [
      'ledger',
      'verify',
      '--proof',
      proof,
      '--entry',
      entry,
      '--policy',
      rules,
    ])
    expect(verified).toMatchObject({
      code: 0,
      out: expect.stringMatching(/cosigned +(paris|auditor|cloud) at 20/),
    })
    expect((await breakglass(person, ['ledger', 'head'])).out).toMatch(/control .* witnessed \ds ago/)
    // The witness says each request in a line of JSON.
    expect(own.output()).toMatch(/"status":200,"origin":"breakglass\/acme\/control"/)
  })

  it('follow the log as it grows, with an age that is a metric for who is signed in', async () => {
    const before = await trusted()
    await world.incident()
    await vi.waitFor(async () => {
      const now = await trusted()
      expect(now.ok && before.ok && now.trusted.size > before.trusted.size).toBe(true)
    }, eventually)
    const headers = { authorization: `Bearer ${ana.token}` }
    const metrics = await (await fetch(`${world.server.url}/metrics`, { headers })).text()
    const age = Number(
      /breakglass_ledger_cosignature_age_seconds\{log="control"\} ([\d.]+)/.exec(metrics)?.[1],
    )
    expect(age).toBeLessThan(15)
    expect(metrics).toContain('breakglass_ledger_witness_up{log="control",witness="auditor"} 1')
    expect((await fetch(`${world.server.url}/metrics`)).status).toBe(401)
  })

  it('requirement 20: an old quorum is an alert, once, access goes on, and so is that it is well again', async () => {
    await down('auditor')
    await down('cloud')
    world.clock.pass(11 * 60_000)
    await vi.waitFor(() => expect(told('ledger.unwitnessed')).toBe(2), eventually)
    ana = await world.signIn('ana')
    const { grant } = await world.open({ api: ana })
    expect(grant).toMatch(/^g_/)
    expect(await trusted()).toMatchObject({ ok: true })
    await up('cloud')
    await vi.waitFor(() => expect(told('ledger.witnessed_again')).toBe(2), {
      timeout: PATIENCE_MS,
      interval: 500,
    })
    expect(told('ledger.unwitnessed')).toBe(2)
  })

  it('keep what was witnessed over a restart', async () => {
    const size = parseCheckpointText(splitNote(await checkpoint())?.text ?? '')?.size ?? 0
    await world.restart()
    const again = await trusted()
    expect(again.ok && again.trusted.size >= size).toBe(true)
  })

  it('requirement 19: a witness that contradicts is told at once to everybody, and stands in the log once', async () => {
    liar = createServer((_request, response) => {
      response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end('999999\n')
    })
    await new Promise<void>(resolve => liar?.listen(ports.auditor, '127.0.0.1', resolve))
    await vi.waitFor(
      () => {
        expect(told('ledger.contradicted')).toBe(2)
        expect(world.second.received.filter(({ type }) => type === 'ledger_contradicted')).toHaveLength(2)
      },
      { timeout: PATIENCE_MS, interval: 500 },
    )
    const words = world.receiver.received.find(({ type }) => type === 'ledger.contradicted')?.text
    expect(words).toContain('THE WITNESS auditor CONTRADICTS')
  })

  it('requirement 19: do not start when witnesses have cosigned more than there is', async () => {
    await world.handOver()
    const file = join(world.data, 'witnessed', 'control', 'checkpoint')
    const kept = readFileSync(file, 'utf8')
    const head = parseCheckpointText(splitNote(kept)?.text ?? '')
    if (head === undefined) throw new Error('no checkpoint was kept')
    for (const change of [{ size: head.size + 1000 }, { root: Buffer.alloc(32, 1) }]) {
      const text = checkpointText({ ...head, ...change })
      const log = kept.split('\n\n')[1]?.split('\n')[0] ?? ''
      writeFileSync(
        file,
        `${text}\n${log}\n${cosign(text, 1_700_000_000, keys.paris)}${cosign(text, 1_700_000_000, keys.cloud)}`,
      )
      await expect(world.restart()).rejects.toMatchObject({
        code: 'ledger.damaged',
        message: expect.stringContaining('cosigned'),
      })
    }
    // What is no quorum's word stops nobody.
    writeFileSync(file, kept.split('\n').slice(0, 5).join('\n'))
    await world.restart()
  })
})
