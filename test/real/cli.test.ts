/** The command line against a whole acme: real processes, a real server, a real psql. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { breakglass, inTerminal, isBuilt, type Person, type Ran, start } from './breakglass.ts'
import { freePort } from '../../src/sandbox/free-port.ts'
import { missing } from './servers/missing.ts'
import { PASSWORD, startWorld, type World } from './world.ts'
import { until } from '../support/wait.ts'

interface GrantAnswer {
  readonly id: string
  readonly state: string
  readonly ends_at?: string
}

/** What `--json` printed; the type is what the test expects of it. */
const parsed = <T>({ out }: Ran) => JSON.parse(out) as T // oxlint-disable-line typescript/no-unnecessary-type-parameters

describe.skipIf(missing('postgres15', 'psql').length > 0 || !isBuilt)('the command line', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld({ config: text => `${text}alerts_single_channel: true\n` })
    // Real processes read the real clock.
    world.clock.catchUp(20 * 60_000)
  })
  afterAll(() => world.close())

  const as = async (handle: string): Promise<Person> => {
    const { token } = await world.signIn(handle)
    return { url: world.server.url, token }
  }
  const stranger = (): Person => ({ url: world.server.url })
  const openOrders = async (person: Person): Promise<GrantAnswer> => {
    await world.incident()
    world.clock.pass(31_000)
    const opened = await breakglass(person, [
      'open',
      'orders-db',
      '--reason',
      'checkout is down',
      '--code',
      world.code('ana'),
      '--json',
    ])
    return parsed<{ grant: GrantAnswer }>(opened).grant
  }
  const said = (running: { output(): string }, words: string) =>
    until(
      () => running.output().includes(words),
      () => `${words} in ${running.output()}`,
    )

  describe('access', () => {
    it('opens, connects with psql, passes its exit code, closes', async () => {
      const ana = await as('ana')
      await world.incident()
      world.clock.pass(31_000)
      const opened = await breakglass(ana, [
        'open',
        'orders-db',
        '-r',
        'checkout is down',
        '--code',
        world.code('ana'),
      ])
      expect(opened.err).toMatch(/^Recorded as g_/)
      expect(opened.out).toMatch(/^Open until \d\d:\d\d:\d\d (CET|CEST|GMT\+\d) \(\d+m\)/)
      expect(opened.code).toBe(0)

      const select = await breakglass(ana, [
        'connect',
        'orders-db',
        '--',
        '-XAtqc',
        'select count(*) from orders',
      ])
      expect([select.code, select.out.trim()]).toEqual([0, '5000'])
      const failing = await breakglass(
        ana,
        ['connect', 'orders-db', '--', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-f', '-'],
        'select 1/0;',
      )
      expect(failing.code).toBe(3)
      const refused = await breakglass(ana, ['connect', 'orders-db', '--', '-XAtqc', 'drop table orders'])
      expect(refused.code).toBe(1)
      expect(refused.err).toContain('HINT')

      const { grants } = parsed<{
        grants: GrantAnswer[]
      }>(await breakglass(ana, ['grants', '--mine', '--state', 'active', '--json']))
      const id = grants[0]?.id ?? ''
      const closed = await breakglass(ana, ['close', id.slice(-8)])
      expect([closed.code, closed.out]).toEqual([0, expect.stringContaining('Closed.')])
      const after = await breakglass(ana, ['connect', 'orders-db', '--', '-c', 'select 1'])
      expect([after.code, after.err]).toEqual([1, expect.stringContaining('no active grant')])
    })

    it('goes quietly when its reader has gone', async () => {
      const { child, ended } = start({ url: world.server.url }, ['completion', 'bash'])
      child.stdout.destroy()
      expect(await ended).toMatchObject({ code: 141, err: '' })
    })

    it('prints what any client needs, and the secret nowhere else', async () => {
      const ana = await as('ana')
      const grant = await openOrders(ana)
      expect(grant.state).toBe('active')
      const shown = await breakglass(ana, ['show', grant.id])
      expect(shown.out).toContain('checkout is down')
      expect(shown.out).not.toContain('password')
      await breakglass(ana, ['close', grant.id])
    })

    it('waits with code 4 when people have to answer, and goes on once somebody has', async () => {
      const ben = await as('ben')
      await world.incident({
        id: 'INC-9',
        declared_by: 'ben@acme.example',
        opened_at: world.clock.now().wall - 60_000,
      })
      const { incidents } = parsed<{
        incidents: { id: string; declared_by: string }[]
      }>(await breakglass(ben, ['incidents', '--json']))
      const incident = incidents.find(({ declared_by }) => declared_by === 'ben')?.id ?? ''
      const ask = [
        'open',
        'orders-db',
        '-r',
        'mine to fix',
        '--incident',
        incident,
        '--code',
        world.code('ben'),
      ]
      const pending = await breakglass(ben, [...ask, '--wait', '0s', '--json'])
      expect(pending.code).toBe(4)
      const first = parsed<GrantAnswer>(pending)
      expect(first.state).toBe('verified')
      expect((await breakglass(ben, ['approve', first.id, '--yes'])).err).toContain(
        'Nobody answers their own request',
      )
      expect((await breakglass(ben, ['withdraw', first.id])).code).toBe(0)

      const waiting = start(ben, [...ask, '--wait', '1m'])
      await said(waiting, 'waits for one of incident-commanders')
      const mara = await as('mara')
      const asked = parsed<{
        grants: GrantAnswer[]
      }>(await breakglass(mara, ['grants', '--state', 'verified', '--json'])).grants[0]
      const approved = await breakglass(mara, ['approve', asked?.id ?? '', '--yes'])
      expect([approved.code, approved.out]).toEqual([0, 'Approved.\n'])
      const opened = await waiting.ended
      expect([opened.code, opened.out]).toEqual([0, expect.stringMatching(/^Open until/)])
      const revoked = await breakglass(mara, ['revoke', asked?.id ?? ''])
      expect(revoked.code).toBe(0)
    })

    it('asks for the code in a terminal, shows what it waits for, and Ctrl-C leaves the request', async () => {
      const ben = await as('ben')
      world.clock.pass(5 * 60_000)
      const now = world.clock.now().wall
      await world.incident({ id: 'INC-10', declared_by: 'ben@acme.example', opened_at: now - 60_000 })
      const { incidents } = parsed<{ incidents: { id: string; declared_by: string; opened_at: number }[] }>(
        await breakglass(ben, ['incidents', '--json']),
      )
      const incident = incidents.find(
        ({ declared_by, opened_at }) => declared_by === 'ben' && opened_at > now - 90_000,
      )
      const asking = inTerminal(ben, [
        'open',
        'orders-db',
        '-r',
        'mine as well',
        '--incident',
        incident?.id ?? '',
      ])
      await said(asking, 'Code of your authenticator app')
      asking.child.stdin.write(`${world.code('ben')}\r`)
      await said(asking, 'waits for one of incident-commanders')
      asking.child.stdin.write('\u0003')
      const { code } = await asking.ended
      expect([code, asking.output()]).toEqual([4, expect.stringContaining('Not open yet')])
      const id = /g_[0-9a-f-]{36}/.exec(asking.output())?.[0] ?? ''
      expect((await breakglass(ben, ['withdraw', id])).code).toBe(0)
    })

    it('requirement 5: a refusal says why and what next, and is code 1', async () => {
      const refused = await breakglass(await as('priya'), ['open', 'orders-db', '-r', 'curious'])
      expect(refused.code).toBe(1)
      expect(refused.err).toMatch(/breakglass: Refused: .+\n {2}\S/)
    })

    it('requirement 1: a factor that is wanted and cannot be asked for here is named', async () => {
      const ana = await as('ana')
      world.clock.pass(5 * 60_000)
      await world.incident()
      const refused = await breakglass(ana, ['open', 'orders-db', '-r', 'checkout is down', '--json'])
      expect(refused.code).toBe(1)
      expect(parsed(refused)).toMatchObject({
        error: { code: 'identity.step_up_required', next: expect.stringContaining('--code') },
      })
      const { grants } = parsed<{ grants: GrantAnswer[] }>(
        await breakglass(ana, ['grants', '--mine', '--state', 'requested', '--json']),
      )
      expect((await breakglass(ana, ['withdraw', grants[0]?.id ?? ''])).code).toBe(0)
    })
  })

  describe('exit codes and output', () => {
    it.each([
      [['frobnicate'], 2, /unknown command/],
      [['open', 'orders-db'], 2, /--reason/],
      [['open', 'orders-db', '-r', 'x', '--for', 'soon'], 2, /duration/],
      [['lock', 'planet', '-r', 'x'], 2, /choices|Allowed/],
      [['show', 'g_01890000-0000-7000-8000-000000000000'], 1, /There is no grant/],
      [['show', 'zz'], 1, /at least four/],
      [['policy', 'accept', 'deadbeef'], 1, /waits for acceptance/],
    ])('%j ends with %i', async (args, code, words) => {
      const ran = await breakglass(await as('mara'), args)
      expect([ran.code, ran.err]).toEqual([code, expect.stringMatching(words)])
    })

    it('a server that is not there is 3, nobody signed in is 1', async () => {
      const gone = await breakglass(
        { url: `http://127.0.0.1:${await freePort()}`, token: `bgt_${'a'.repeat(43)}` },
        ['status'],
      )
      expect([gone.code, gone.err]).toEqual([3, expect.stringContaining('cannot be reached: ECONNREFUSED')])
      const nobody = await breakglass(stranger(), ['status', '--json'])
      expect(nobody.code).toBe(1)
      expect(parsed(nobody)).toMatchObject({ error: { code: 'identity.unauthenticated' } })
    })

    it('a token is never sent over plain http to another machine', async () => {
      const ran = await breakglass({ url: 'http://breakglass.acme.example', token: 'x' }, ['status'])
      expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('is not https')])
    })

    it('tables fit 80 columns, without colour when nobody watches', async () => {
      const mara = await as('mara')
      for (const args of [
        ['status'],
        ['grants'],
        ['sessions'],
        ['incidents', '--all'],
        ['reviews', '--all'],
        ['people'],
      ]) {
        const { code, out } = await breakglass(mara, args)
        expect(code).toBe(0)
        expect(out).not.toContain('\u001B')
        for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
      }
    })
  })

  describe('identity', () => {
    it('logs in through the browser page, keeps the token 0600, logs out', async () => {
      const state = mkdtempSync(join(tmpdir(), 'bg-state-'))
      const login = start({ url: world.server.url, state }, ['login'])
      await said(login, '/login?code=')
      const code = /code=(\S+)/.exec(login.output())?.[1] ?? ''
      const { url } = world.server
      const page = await fetch(`${url}/v1/signin/password`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: url },
        body: JSON.stringify({ handle: 'ana', password: PASSWORD, code: world.code('ana') }),
      })
      const cookie = page.headers.get('set-cookie')?.split(';')[0] ?? ''
      const approved = await fetch(`${url}/v1/login/${code}/approve`, {
        method: 'POST',
        headers: { cookie, origin: url },
      })
      expect(approved.status).toBe(200)
      const { code: exit, out } = await login.ended
      expect([exit, out + login.output()]).toEqual([0, expect.stringContaining('as ana')])
      const file = readdirSync(join(state, 'breakglass')).find(name => name.endsWith('.json')) ?? ''
      expect(statSync(join(state, 'breakglass', file)).mode & 0o777).toBe(0o600)
      const me = await breakglass({ url: world.server.url, state }, ['whoami', '--json'])
      expect(parsed(me)).toMatchObject({ handle: 'ana', kind: 'cli' })
      const token = (JSON.parse(readFileSync(join(state, 'breakglass', file), 'utf8')) as { token: string })
        .token
      expect((await breakglass({ url: world.server.url, state }, ['logout'])).code).toBe(0)
      expect(readdirSync(join(state, 'breakglass'))).not.toContain(file)
      expect((await breakglass({ url: world.server.url, token }, ['whoami'])).err).toContain('has ended')
    })

    it('administrators add people and disable them at once; others do not', async () => {
      const mara = await as('mara')
      const added = await breakglass(mara, [
        'people',
        'add',
        'kim',
        '--name',
        'Kim',
        '--group',
        'payments-oncall',
        '--code',
        world.code('mara'),
      ])
      expect([added.code, added.out]).toEqual([0, expect.stringMatching(/\/enrol#\S+/)])
      expect((await breakglass(await as('ana'), ['people', 'disable', 'kim'])).code).toBe(1)
      expect((await breakglass(mara, ['people', 'disable', 'kim', '--code', world.code('mara')])).code).toBe(
        0,
      )
      expect((await breakglass(mara, ['people'])).out).toMatch(/kim\s+Kim.*disabled/)
    })
  })

  describe('answering and looking', () => {
    it('tells statement by statement what was touched and changed, and searches for it', async () => {
      const ana = await as('ana')
      const grant = await openOrders(ana)
      const sql = "update orders set status = 'touched by ana' where id = 8"
      await breakglass(ana, ['connect', grant.id, '--', '-XAtqc', sql])
      await breakglass(ana, ['close', grant.id])
      const priya = await as('priya')
      const listed = await breakglass(priya, ['sessions', '--grant', grant.id])
      expect(listed.out).toMatch(/CHANGED[\s\S]* 1 +1 +client/)
      const id = /^([0-9a-f]{8}) /m.exec(listed.out)?.[1] ?? ''
      const read = await breakglass(priya, ['statements', id, '--writes'])
      expect(read.code).toBe(0)
      expect(read.out).toMatch(
        /update +write +1 changed +[\d.]+ ms +done +orders \(changed\)\n +update orders/,
      )
      expect((await breakglass(await as('ben'), ['statements', id])).code).toBe(1)
      const [, statement] = (await breakglass(priya, ['statements', id, '--writes', '--json'])).out
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as Record<string, unknown>)
      expect(statement).toMatchObject({
        kind: 'query',
        verbs: ['update'],
        writes: true,
        objects: [{ name: 'orders', access: 'change' }],
        verdict: 'done',
        rows: 1,
        changed: 1,
      })
      const hit = await breakglass(priya, ['search', '--object', 'public.orders', '--writes', 'touched'])
      expect(hit.out).toMatch(/1 changed[\s\S]*\d+ found\./)
      expect((await breakglass(priya, ['search', '--verb', 'drop', 'touched'])).out).toContain(
        'Nothing found',
      )
      expect((await breakglass(priya, ['search'])).code).toBe(2)
    })

    it('replays and finds what was done, for who may; the reviewer completes, and the grant is closed', async () => {
      const ana = await as('ana')
      const grant = await openOrders(ana)
      await breakglass(ana, [
        'connect',
        grant.id,
        '--',
        '-XAtqc',
        "update orders set status = 'repaired by ana' where id = 7",
      ])
      await breakglass(ana, ['close', grant.id])
      const priya = await as('priya')
      const { sessions } = parsed<{
        sessions: { id: string }[]
      }>(await breakglass(priya, ['sessions', '--grant', grant.id, '--json']))
      const replayed = await breakglass(priya, ['replay', sessions[0]?.id ?? ''])
      expect([replayed.code, replayed.out]).toEqual([0, expect.stringContaining('repaired by ana')])
      expect((await breakglass(priya, ['search', 'REPAIRED BY ana'])).out).toMatch(/\d+ found\./)
      expect((await breakglass(await as('ben'), ['replay', sessions[0]?.id ?? ''])).code).toBe(1)

      const review = `r_${grant.id.slice(2)}`
      const shown = await breakglass(priya, ['review', 'show', review])
      expect(shown.out).toContain('orders-db')
      const own = await breakglass(ana, [
        'review',
        'complete',
        review,
        '-v',
        'warranted',
        '-n',
        'all',
        '-t',
        'fine',
      ])
      expect(own.code).toBe(1)
      const done = await breakglass(priya, [
        'review',
        'complete',
        review,
        '-v',
        'warranted',
        '-n',
        'all',
        '-t',
        'one row, as said',
      ])
      expect(done.code).toBe(0)
      expect(parsed<GrantAnswer>(await breakglass(ana, ['show', grant.id, '--json'])).state).toBe('closed')
    })

    it('a lock ends what is live and says how to lift it', async () => {
      const ana = await as('ana')
      const grant = await openOrders(ana)
      const priya = await as('priya')
      const locked = await breakglass(priya, ['lock', 'target', 'orders-db', '-r', 'restoring', '--json'])
      const { lock, ended } = parsed<{ lock: string; ended: string[] }>(locked)
      expect(ended).toEqual([grant.id])
      expect((await breakglass(ana, ['open', 'orders-db', '-r', 'again'])).err).toContain('locked')
      expect((await breakglass(ana, ['status'])).out).toContain(`LOCKED target orders-db by priya`)
      expect((await breakglass(ana, ['unlock', lock])).code).toBe(1)
      const lifted = await breakglass(priya, ['unlock', lock.slice(-8)])
      expect([lifted.code, lifted.err]).toEqual([0, ''])
    })

    it('declares an incident and resolves it', async () => {
      const ana = await as('ana')
      const declared = await breakglass(ana, [
        'incident',
        'declare',
        'Orders slow',
        '-s',
        '2',
        '--service',
        'orders',
        '--json',
      ])
      const { id } = parsed<{ id: string }>(declared)
      expect((await breakglass(ana, ['incidents'])).out).toContain('Orders slow')
      expect((await breakglass(ana, ['incident', 'resolve', id.slice(-8)])).code).toBe(0)
    })
  })

  describe('setting up and evidence', () => {
    it('plans and checks the target', async () => {
      const mara = await as('mara')
      expect((await breakglass(mara, ['target', 'plan', 'orders-db'])).out).toMatch(/GRANT|grant/)
      const checked = await breakglass(mara, ['target', 'check', 'orders-db'])
      expect([checked.code, checked.out]).toEqual([0, expect.stringContaining('The target enforces')])
      expect((await breakglass(await as('ana'), ['target', 'check', 'orders-db'])).code).toBe(1)
    })

    it('checks, tests and explains the procedures of a folder, offline', async () => {
      const offline = { url: 'http://127.0.0.1:9' }
      expect((await breakglass(offline, ['policy', 'check', world.folder])).out).toContain(
        '1 procedure is valid',
      )
      const explained = await breakglass(offline, [
        'policy',
        'explain',
        'orders-db',
        '--folder',
        world.folder,
        '--group',
        'nobody',
      ])
      expect([explained.code, explained.out]).toEqual([1, expect.stringContaining('does not apply')])
      const bad = mkdtempSync(join(tmpdir(), 'bg-bad-'))
      writeFileSync(join(bad, 'breakglass.yaml'), 'organisation: acme\nowner: [ana]\n')
      const refused = await breakglass(offline, ['policy', 'check', bad])
      expect([refused.code, refused.err]).toEqual([
        2,
        expect.stringContaining('breakglass.yaml:2:1: owner: is not known here'),
      ])
    })

    it('judges a script by the rules of a procedure, offline, and shows where and why', async () => {
      const offline = { url: 'http://127.0.0.1:9' }
      const judge = (...args: readonly string[]) =>
        breakglass(offline, ['policy', 'judge', 'orders-db', '--folder', world.folder, ...args])
      const fine = await judge("update orders set status = 'x' where id = 1")
      expect([fine.code, fine.out]).toEqual([
        0,
        expect.stringMatching(
          /passes +update \(write, change orders\)[\s\S]*0 of 1 message would be refused/,
        ),
      ])
      const file = join(mkdtempSync(join(tmpdir(), 'bg-judge-')), 'fix.sql')
      writeFileSync(
        file,
        "\\set n 1\nselect :n;\ncopy orders from stdin;\n1\n\\.\n\nselect 'ä',\n  pg_read_file('x');\n",
      )
      const told = await judge('--file', file)
      expect(told.code).toBe(1)
      expect(told.out).toContain('line 7  refused  select (write, call pg_read_file)')
      expect(told.out).toContain("           pg_read_file('x')\n           ^\n")
      expect(told.out).toMatch(/no +server_files: .* Whatever its procedure, every session refuses /)
      expect(parsed(await judge('--file', file, '--json'))).toMatchObject({
        refused: 1,
        messages: [
          { line: 2, refused: false },
          {
            line: 3,
            refused: false,
            statements: [{ verb: 'copy', objects: [{ name: 'orders', access: 'change' }] }],
          },
          {
            line: 7,
            refused: true,
            rules: expect.arrayContaining([
              expect.objectContaining({ rule: 'server_files', refused: true, at: 15 }),
            ]),
          },
        ],
      })
      expect((await judge('select 1', '--procedure', 'nobody')).code).toBe(1)
      expect((await judge('--file', '/nowhere')).code).toBe(2)
    })

    it('shows heads and proves entries', async () => {
      const ana = await as('ana')
      expect((await breakglass(ana, ['ledger', 'head'])).out).toMatch(/control\s+\d+\s+[0-9a-f]{64}/)
      expect((await breakglass(ana, ['ledger', 'prove', '0'])).out).toMatch(/^c2sp\.org\/tlog-proof@v1/)
      expect((await breakglass(ana, ['ledger', 'prove', '0', '--log', 'nothing'])).code).toBe(1)
      expect((await breakglass(ana, ['ledger', 'prove', '999999'])).code).toBe(1)
      expect((await breakglass(ana, ['ledger', 'prove', 'x'])).code).toBe(2)
      expect((await breakglass(ana, ['ledger', 'entry', '999999'])).code).toBe(1)
    })

    it('verifies a proof of an entry by a policy, without server and configuration', async () => {
      const ana = await as('ana')
      const folder = mkdtempSync(join(tmpdir(), 'bg-proof-'))
      const [proof, entry, policy] = ['p.tlog-proof', 'entry.json', 'policy'].map(name => join(folder, name))
      if (!proof || !entry || !policy) throw new Error('no names')
      expect((await breakglass(ana, ['ledger', 'prove', '3', '-o', proof])).code).toBe(0)
      expect((await breakglass(ana, ['ledger', 'entry', '3', '-o', entry])).code).toBe(0)
      const first = parsed<{ entry: string }>(await breakglass(ana, ['ledger', 'entry', '0', '--json']))
      const { vkey } = (JSON.parse(first.entry) as { data: { vkey: string } }).data
      writeFileSync(policy, `log ${vkey}\nquorum none\n`)

      const nowhere = { url: 'http://127.0.0.1:9' }
      const verify = (...more: string[]): Promise<Ran> =>
        breakglass(nowhere, [
          'ledger',
          'verify',
          '--proof',
          proof,
          '--entry',
          entry,
          '--policy',
          policy,
          ...more,
        ])
      expect(await verify()).toMatchObject({
        code: 0,
        out: expect.stringContaining('PROVEN: entry 3 of breakglass/acme/control'),
      })
      expect(parsed(await verify('--json'))).toMatchObject({
        ok: true,
        index: 3,
        log_vkey: vkey,
        cosignatures: [],
      })

      writeFileSync(entry, `${readFileSync(entry, 'utf8')}\n`)
      expect(await verify()).toMatchObject({ code: 1, out: expect.stringMatching(/NOT PROVEN[^]*newline/) })
      writeFileSync(policy, `log ${vkey}\nquorum w\n`)
      expect(await verify()).toMatchObject({ code: 2, err: expect.stringContaining(':2: names "w"') })
      const half = await breakglass(nowhere, ['ledger', 'verify', '--proof', proof])
      expect(half).toMatchObject({ code: 2, err: expect.stringContaining('--policy') })
      rmSync(folder, { recursive: true })
    })

    it('verifies the whole folder offline, and names file and entry of one flipped byte', async () => {
      const offline = { url: 'http://127.0.0.1:9' }
      const busy = await breakglass(offline, ['ledger', 'verify', world.folder])
      expect([busy.code, busy.err]).toEqual([3, expect.stringContaining('in use')])
      await world.handOver()
      const whole = await breakglass(offline, ['ledger', 'verify', world.folder, '--json'])
      expect(parsed(whole)).toMatchObject({ ok: true, vault: true, findings: [] })

      const segment = join(world.data, 'logs', 'control', 'segments')
      const file = join(segment, readdirSync(segment)[0] ?? '')
      const flipped = (at: number): Promise<Ran> => {
        const bytes = readFileSync(file)
        bytes[at] = (bytes[at] ?? 0) ^ 1
        writeFileSync(file, bytes)
        return breakglass(offline, ['ledger', 'verify', world.data])
      }
      const damaged = await flipped(3_000)
      expect(damaged.code).toBe(1)
      expect(damaged.out).toMatch(/logs\/control\/segments\/\S+, entry \d+: /)
      expect((await flipped(3_000)).code).toBe(0)
    })
  })
})
