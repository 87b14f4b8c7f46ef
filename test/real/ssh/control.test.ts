import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { randomWord } from '../../../src/kernel/ids.ts'
import type { Target } from '../../../src/kernel/target.ts'
import { Controls } from '../../../src/protocols/ssh/administration/control.ts'
import { Passage } from '../../../src/target/passage.ts'
import { hostOf, missingSshd, startSshd, type Sshd } from './lab.ts'

const makePassage = Passage.claimMaker()

/** What a session leaves running, and whether it is gone with its login. `$PIDS` is a file for the numbers of what it starts. */
const SURVIVORS: readonly [what: string, command: string][] = [
  ['a foreground command', 'echo $$ >>$PIDS'],
  ['a child in the background', 'sleep 600 & echo $! >>$PIDS'],
  ['nohup', 'nohup sleep 600 >/dev/null 2>&1 & echo $! >>$PIDS'],
  ['setsid', 'setsid sleep 600 >/dev/null 2>&1 & echo $! >>$PIDS'],
  [
    'a daemon that forks twice',
    '(setsid sh -c "echo \\$\\$ >>$PIDS; sleep 600 & echo \\$! >>$PIDS; wait" >/dev/null 2>&1 &)',
  ],
  [
    'a shell that traps every signal',
    'sh -c "trap : HUP INT TERM QUIT USR1; echo \\$\\$ >>$PIDS; while :; do sleep 0.2; done" >/dev/null 2>&1 &',
  ],
  ['a cleaned environment in the same session', 'env -i sleep 600 >/dev/null 2>&1 & echo $! >>$PIDS'],
  [
    'a cleaned environment and a new session, below a living parent',
    'sh -c "env -i setsid sleep 600 & echo \\$! >>$PIDS; wait" >/dev/null 2>&1 & echo $! >>$PIDS',
  ],
  [
    'a name with a parenthesis and a line break',
    'NAME="/tmp/$$) S 1\n1"; cp /bin/sleep "$NAME"; "$NAME" 600 >/dev/null 2>&1 & echo $! >>$PIDS; sleep 0.2; rm "/tmp/$$) S 1\n1"',
  ],
  [
    'processes that fork while they are killed',
    'sh -c "f() { while :; do sleep 600 & echo \\$! >>$PIDS; sleep 0.02; done; }; f & f & f & echo \\$! >>$PIDS; wait" >/dev/null 2>&1 & sleep 0.3',
  ],
  ['a stopped process', 'sleep 600 & echo $! >>$PIDS; kill -STOP $!'],
]

/** What is not found, as the README of `administration/` says: here so that it stays true. */
const ESCAPES: readonly [what: string, command: string][] = [
  [
    'environment, session and parent all left behind',
    '(env -i setsid sleep 600 >/dev/null 2>&1 & echo $! >>$PIDS); sleep 0.3',
  ],
  [
    'a program that hides its environment and leaves',
    'eval $(ssh-agent) >/dev/null; echo $SSH_AGENT_PID >>$PIDS',
  ],
]

describe.skipIf(missingSshd.length > 0)('what runs at a host under a login', () => {
  let sshd: Sshd
  let target: Target
  const children: ChildProcess[] = []
  const open: Controls[] = []
  beforeAll(async () => {
    sshd = await startSshd()
    mkdirSync(join(sshd.folder, 'shared'))
    chmodSync(join(sshd.folder, 'shared'), 0o1777)
    target = {
      ...hostOf(sshd),
      scopes: { deploy: { as: sshd.account }, reader: { as: sshd.reader } },
    }
  })
  afterEach(async () => {
    for (const controls of open.splice(0)) await controls.of(target).close()
  })
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL')
    await sshd.stop()
  })

  /** A fresh one knows nothing of the past: as after a crash of the gateway. */
  const fresh = () => {
    const controls = new Controls({ ca: sshd.ca, now: () => Date.now(), dialTimeoutMs: 5000 })
    open.push(controls)
    return controls.of(target)
  }
  const passage = (name: string, scope = 'deploy') =>
    makePassage({ grant: 'g', session: 's', target, scope, login: { name, secret: '' }, remainingMs: 60_000 })
  const newLogin = () => `bg_${randomWord(60)}`

  /** A session of the login as the gateway opens one, by a real client; resolves with the processes it started. */
  const session = async (
    login: string,
    command: string,
    options: { reader?: boolean; wait?: boolean } = {},
  ) => {
    const scope = options.reader ? 'reader' : 'deploy'
    const identity = sshd.identity({ keyId: `${login} s`, principals: [`breakglass/web-1/${scope}`] })
    const account = options.reader ? sshd.reader : sshd.account
    const pids = join(sshd.folder, 'shared', randomWord(60))
    const line = `PIDS=${pids}; ${command}\necho started`
    const child = spawn(
      'ssh',
      [
        ...sshd.options(identity),
        '-o',
        `SetEnv=BREAKGLASS_LOGIN=${login}`,
        `${account}@127.0.0.1`,
        `${line}; sleep 600`,
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    )
    children.push(child)
    await once(child.stdout, 'data')
    return { child, pids: () => readFileSync(pids, 'utf8').split('\n').filter(Boolean).map(Number) }
  }
  const living = (pids: readonly number[]) =>
    pids.filter(pid => {
      try {
        return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
      } catch {
        return false
      }
    })

  describe('ends with it', () => {
    const sessions = new Map<string, Awaited<ReturnType<typeof session>> & { login: string }>()
    let untouched: Awaited<ReturnType<typeof session>>
    const other = newLogin()
    beforeAll(async () => {
      untouched = await session(other, 'sleep 600 & echo $! >>$PIDS')
      await Promise.all(
        SURVIVORS.map(async ([what, command]) => {
          const login = newLogin()
          sessions.set(what, { ...(await session(login, command)), login })
        }),
      )
    })

    it.each(SURVIVORS)('%s', async what => {
      const { login, child, pids } = sessions.get(what) ?? expect.fail('no session')
      const gone = child.exitCode === null ? once(child, 'close') : undefined
      expect(living(pids()).length).toBeGreaterThan(0)
      expect(await fresh().terminate(login)).toBeGreaterThanOrEqual(1)
      expect(living(pids())).toEqual([])
      await gone
    })

    it.each(ESCAPES)('but not: %s', async (_, command) => {
      const login = newLogin()
      const { pids } = await session(login, command)
      expect(await fresh().terminate(login)).toBeGreaterThanOrEqual(1)
      expect(living(pids())).toHaveLength(1)
      for (const pid of pids()) process.kill(pid, 'SIGKILL')
    })

    it('and nothing of another', async () => {
      expect(living(untouched.pids())).toHaveLength(1)
      const control = fresh()
      expect(await control.logins()).toContain(other)
      expect(await control.terminate(other)).toBeGreaterThan(1)
      expect(await control.terminate(other)).toBe(0)
      expect(await control.logins()).not.toContain(other)
    })
  })

  it('a login starts nothing before it is made, nor after it is disabled', async () => {
    const control = fresh()
    const login = newLogin()
    const ended = expect.objectContaining({ code: 'session.ended' }) as Error
    expect(() => control.demandLiving(login)).toThrow(ended)
    await control.provision(passage(login))
    expect(() => control.demandLiving(login)).not.toThrow()
    await control.disable(login)
    expect(() => control.demandLiving(login)).toThrow(ended)
    await control.drop(login)
  })

  it('no login is made where what it starts could not be ended', async () => {
    const elsewhere = { ...target, name: 'web-2' }
    const controls = new Controls({ ca: sshd.ca, now: () => Date.now(), dialTimeoutMs: 5000 })
    const login = newLogin()
    const made = controls.of(elsewhere).provision(passage(login))
    await expect(made).rejects.toMatchObject({ code: 'target.misconfigured' })
    expect(() => controls.of(elsewhere).demandLiving(login)).toThrow(/taken away/)
    await controls.of(elsewhere).close()
  })

  it.skipIf(process.getuid?.() !== 0 || !existsSync('/usr/bin/gcc'))(
    'what runs as another user is named, and nothing is said to be ended',
    async () => {
      const source = join(sshd.folder, 'as-root.c')
      const program = join(sshd.folder, 'as-root')
      writeFileSync(source, 'int main(int n, char **a) { setgid(0); setuid(0); return execv(a[1], a + 1); }')
      execFileSync('/usr/bin/gcc', ['-w', '-o', program, source])
      chmodSync(program, 0o4755)
      const login = newLogin()
      const { pids } = await session(
        login,
        `${program} /bin/sleep 600 >/dev/null 2>&1 & echo $! >>$PIDS; sleep 0.3`,
      )
      const [pid = 0] = pids()
      const control = fresh()
      await expect(control.terminate(login)).rejects.toMatchObject({
        code: 'target.unreachable',
        message: expect.stringContaining(`sleep (${pid}) of ${login} do not end`) as string,
      })
      expect(living([pid])).toEqual([pid])
      process.kill(pid, 'SIGKILL')
      expect(await control.terminate(login)).toBe(0)
    },
  )

  it('the account of another scope is looked through as well, and many logins end together', async () => {
    const logins = Array.from({ length: 4 }, newLogin)
    const sessions = await Promise.all(
      logins.map((login, index) =>
        session(login, 'sleep 600 & echo $! >>$PIDS', { reader: index % 2 === 0 }),
      ),
    )
    const control = fresh()
    const nothing = Array.from({ length: 40 }, newLogin)
    const ended = await Promise.all([...logins, ...nothing].map(login => control.terminate(login)))
    expect(ended.slice(0, 4).every(count => count > 1)).toBe(true)
    expect(ended.slice(4).every(count => count === 0)).toBe(true)
    expect(living(sessions.flatMap(({ pids }) => pids()))).toEqual([])
  })

  it('the kept connection ends what runs when the host takes no new ones, and a lost one is made anew', async () => {
    const busy = await startSshd({ ca: sshd.ca })
    const at: Target = {
      ...target,
      address: `127.0.0.1:${busy.port}`,
      settings: { host_keys: [busy.hostKeyLine] },
      scopes: { deploy: { as: busy.account } },
    }
    const controls = new Controls({ ca: sshd.ca, now: () => Date.now(), dialTimeoutMs: 2000 })
    const control = controls.of(at)
    const login = newLogin()
    await control.provision(passage(login))
    const { pids } = await session(login, 'sleep 600 & echo $! >>$PIDS')
    process.kill(busy.pid, 'SIGTERM')
    await expect.poll(() => controls.of(at).terminate(newLogin())).toBe(0)
    expect(await control.terminate(login)).toBeGreaterThan(1)
    expect(living(pids())).toEqual([])
    // The last login is gone, and with it the kept connection: the next needs a new one, and there is nobody.
    await control.drop(login)
    await expect(control.terminate(login)).rejects.toMatchObject({ code: 'target.unreachable' })
    await control.close()
    await busy.stop()
  })
})
