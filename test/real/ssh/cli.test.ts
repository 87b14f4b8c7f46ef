/** `breakglass connect` and `breakglass ssh-config` for a host: real processes, a real server, a real sshd (issue D, what must work, 1). */
import { execFileSync, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SshKeys } from '../../../src/cli/ssh-key-lines.ts'
import { breakglass, inTerminal, isBuilt, type Person } from '../breakglass.ts'
import { missing } from '../servers/missing.ts'
import type { Api } from '../world.ts'
import { run } from './client-stand.ts'
import { missingSshd } from './lab.ts'
import { type SshWorld, startSshWorld } from './world.ts'
import { until } from '../../support/wait.ts'

describe.skipIf(missingSshd.length + missing('postgres15').length > 0 || !isBuilt)(
  'the command line for hosts',
  () => {
    let world: SshWorld
    let ana: Api
    let grant: string
    let orders: string
    let person: Person
    // One grant for many: each that is opened takes the world further ahead of the clock that judges certificates.
    beforeAll(async () => {
      world = await startSshWorld()
      ;({ api: ana, grant } = await world.open({ target: 'web-1' }))
      orders = (await world.open({ api: ana })).grant
    })
    afterAll(() => world.close())
    beforeEach(() => {
      person = { url: world.server.url, token: ana.token, state: mkdtempSync(join(tmpdir(), 'bg-state-')) }
    })

    const cli = (...args: string[]) => breakglass(person, args)
    const kept = (): string => join(person.state ?? '', 'breakglass', 'ssh')

    it('connect runs a command, passes its code on, and leaves no key behind', async () => {
      expect(await cli('connect', 'web-1', '--', 'echo out; echo err >&2; exit 7')).toEqual({
        code: 7,
        out: 'out\n',
        err: 'err\n',
      })
      expect(readdirSync(kept())).toEqual([])
      expect(await breakglass(person, ['connect', grant, '--', 'cat'], 'through stdin')).toMatchObject({
        code: 0,
        out: 'through stdin',
      })
    })

    it('connect runs the clients that stand on ssh, set up for the host', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'bg-cli-'))
      writeFileSync(join(folder, 'f'), 'by rsync')
      const remote = (await cli('connect', 'web-1', '--', 'mktemp', '-d')).out.trim()
      for (const args of [
        ['scp', '-q', join(folder, 'f'), `web-1:${remote}/by-scp`],
        ['rsync', `web-1:${remote}/by-scp`, join(folder, 'back')],
        ['ssh', '-v', 'web-1.jump', 'true'],
      ])
        expect(await cli('connect', 'web-1', '--', ...args)).toMatchObject({ code: 0 })
      expect(readFileSync(join(folder, 'back'), 'utf8')).toBe('by rsync')
      await cli('connect', 'web-1', '--', 'rm', '-r', remote)
    })

    it.skipIf(!existsSync('/usr/bin/ansible'))('connect runs Ansible, which finds the host', async () => {
      const pings = ['-m', 'ping', '-e', 'ansible_python_interpreter=/usr/bin/python3']
      const ran = await cli('connect', 'web-1', '--', 'ansible', 'web-1', '-i', 'web-1,', ...pings)
      expect(ran.out, ran.err).toContain('"ping": "pong"')
      expect(ran.code).toBe(0)
      expect(readdirSync(kept())).toEqual([])
    })

    it.skipIf(!existsSync('/usr/bin/git'))('connect runs git, which pushes', async () => {
      const [folder, remote] = [mkdtempSync(join(tmpdir(), 'bg-git-')), `/tmp/bg-git-${randomUUID()}`]
      const git = (...args: string[]) => execFileSync('git', ['-C', folder, ...args], { stdio: 'pipe' })
      git('init', '-q', '-b', 'main')
      const author = ['-c', 'user.name=ana', '-c', 'user.email=ana@acme.example']
      git(...author, 'commit', '-q', '--allow-empty', '-m', 'by connect')
      // One word: as the first of several, git would be the one of this machine.
      await cli('connect', 'web-1', '--', `git init -q --bare ${remote}`)
      const far = `web-1:${remote}`
      expect(
        await cli('connect', 'web-1', '--', 'git', '-C', folder, 'push', '-q', far, 'main'),
      ).toMatchObject({ code: 0 })
      expect(existsSync(join(remote, 'refs', 'heads', 'main'))).toBe(true)
      rmSync(remote, { recursive: true })
    })

    it.each([
      ['ssh-keygen', [], 'ssh-keygen is not on this machine'],
      ['ssh', ['ssh-keygen'], 'ssh cannot be started (ENOENT)'],
    ])('connect without %s says what to install, and leaves nothing behind', async (_missing, has, says) => {
      const path = mkdtempSync(join(tmpdir(), 'bg-path-'))
      for (const program of has) symlinkSync(`/usr/bin/${program}`, join(path, program))
      const ran = await breakglass({ ...person, path }, ['connect', 'web-1', '--', 'true'])
      expect(ran).toMatchObject({ code: 3, err: expect.stringContaining(says) })
      expect(ran.err).toContain('Install the OpenSSH client')
      expect(readdirSync(kept())).toEqual([])
    })

    describe('completion knows what is open, which of it are hosts, and sessions', () => {
      const path = mkdtempSync(join(tmpdir(), 'bg-path-'))
      const program = join(import.meta.dirname, '..', '..', '..', 'bin', 'breakglass.mjs')
      const script = `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`
      writeFileSync(join(path, 'breakglass'), script, { mode: 0o755 })
      const env = (): Record<string, string> => ({
        PATH: `${path}:${process.env['PATH']}`,
        HOME: path,
        TERM: 'xterm',
        BREAKGLASS_URL: person.url,
        BREAKGLASS_TOKEN: person.token ?? '',
      })
      const asked = ['connect', 'ssh-config', 'target check', 'replay', 'ssh-keys']
      const expectAll = async (answers: readonly string[][]): Promise<void> => {
        const { sessions } = await ana.get<{ sessions: { id: string }[] }>('/v1/sessions')
        const known = sessions.map(({ id }) => id.slice(-8))
        expect(answers.map(words => words.filter(word => word !== '').sort())).toEqual([
          ['orders-db', 'web-1'],
          ['web-1'],
          ['orders-db', 'web-1'],
          known.sort(),
          ['next', 'switch', 'withdraw'],
        ])
      }

      beforeEach(() => breakglass(person, ['connect', 'web-1', '--', 'true']))

      it('in a real bash', async () => {
        const asks = asked.map(
          words =>
            `COMP_WORDS=(breakglass ${words} ""); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _breakglass; echo "\${COMPREPLY[@]}"`,
        )
        const { out } = await run(
          'bash',
          ['-c', `source <(breakglass completion bash)\n${asks.join('\n')}`],
          {
            env: env(),
          },
        )
        await expectAll(
          out
            .trim()
            .split('\n')
            .map(line => line.split(' ')),
        )
      })

      it.skipIf(!existsSync('/usr/bin/fish'))('in a real fish', async () => {
        const asks = asked.map(words => `complete -C 'breakglass ${words} '; echo =`)
        const { out } = await run('fish', ['-c', `breakglass completion fish | source; ${asks.join('; ')}`], {
          env: env(),
        })
        const answers = out.split('=\n').slice(0, -1)
        await expectAll(
          answers.map(text =>
            text
              .trim()
              .split('\n')
              .map(line => line.split('\t')[0] ?? ''),
          ),
        )
      })

      it.skipIf(!existsSync('/usr/bin/zsh'))('in a real zsh, typed with Tab', async () => {
        const files = `fpath=(${path} $fpath); autoload -U compinit; compinit -u -d ${path}/dump; PS1="ready> "`
        writeFileSync(join(path, '_breakglass'), (await breakglass(person, ['completion', 'zsh'])).out)
        writeFileSync(
          join(path, '.zshrc'),
          `${files}\nzstyle ":completion:*" list-colors ""\nsetopt no_beep\n`,
        )
        const shell = spawn('script', ['-qefc', 'zsh -i', '/dev/null'], { env: env() })
        let shown = ''
        shell.stdout.on('data', chunk => (shown += String(chunk)))
        const type = async (keys: string, wanted: string): Promise<void> => {
          const from = shown.length
          shell.stdin.write(keys)
          await until(
            () => shown.slice(from).includes(wanted),
            () => `${wanted} in ${JSON.stringify(shown.slice(from))}`,
          )
        }
        await type('', 'ready>')
        await type('breakglass connect w\t', 'web-1')
        await type('\u0015breakglass target check ord\t', 'orders-db')
        await type('\u0015breakglass ssh-keys \t', 'use it, once all that must trust it do')
        await type('\u0015breakglass replay \t', 'ana on web-1')
        shell.stdin.write('\u0015exit\n')
        await once(shell, 'close')
      })
    })

    it('connect in a terminal: Ctrl-C ends what runs at the host, not the session', async () => {
      const session = inTerminal(person, ['connect', 'web-1'])
      const says = (words: string) =>
        until(
          () => session.output().includes(words),
          () => `${words} in ${session.output()}`,
        )
      session.child.stdin.write('echo in-$((20 + 1)); sleep 600\n')
      await says('in-21')
      session.child.stdin.write('\u0003')
      session.child.stdin.write('echo still-$((20 + 2)); exit 3\n')
      await says('still-22')
      expect((await session.ended).code).toBe(3)
      expect(readdirSync(kept())).toEqual([])
    })

    it('refuses a gateway that shows another host key than before', async () => {
      await cli('connect', 'web-1', '--', 'true')
      const state = join(person.state ?? '', 'breakglass')
      const pinned = readdirSync(state).find(name => name.endsWith('.ssh-host.pub')) ?? ''
      const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIORmUXnu55mMqUpaHzGZllhq0Nq/InLj7nByNfb8Ksik\n'
      writeFileSync(join(state, pinned), other)
      const refused = await cli('connect', 'web-1', '--', 'true')
      expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('another SSH host key') })
      expect(readdirSync(kept())).toEqual([])
    })

    it('the API takes one ed25519 key for a host and puts its fingerprint on record, nothing of the person', async () => {
      const path = `/v1/grants/${grant}/credential`
      await expect(
        ana.post(path, { public_key: 'ssh-rsa AAAAB3NzaC1yc2E ana@laptop' }),
      ).rejects.toMatchObject({
        code: 'input.invalid',
        answer: { next: expect.stringContaining('ssh-keygen -t ed25519') },
      })
      await expect(
        ana.post(`/v1/grants/${orders}/credential`, { public_key: 'ssh-ed25519 AAAA' }),
      ).rejects.toMatchObject({ code: 'input.invalid', message: expect.stringContaining('speaks postgres') })

      const issued: unknown[] = []
      const stop = world.server.journal.subscribe(({ type, data }) => {
        if (type === 'credential.issued') issued.push(data)
      })
      const line =
        'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIORmUXnu55mMqUpaHzGZllhq0Nq/InLj7nByNfb8Ksik ana@laptop'
      await ana.post(path, { public_key: line })
      stop()
      expect(issued).toEqual([
        expect.objectContaining({ key: 'SHA256:PARxzAFPzTf5009QiXsrJNIknE1mO781ZpqMn0E0PNY' }),
      ])
      expect(JSON.stringify(issued)).not.toContain('laptop')
    })

    it('ssh-config --write keeps one login as long as the grant lasts, and takes it away with it', async () => {
      const first = JSON.parse((await cli('ssh-config', 'web-1', '--write', '--json')).out) as {
        file: string
        included: boolean
        hosts: [{ login: string; identity_file: string; known_hosts_file: string; ends_at: string }]
      }
      const [host] = first.hosts
      expect(first.included).toBe(false)
      for (const file of [first.file, host.identity_file, host.known_hosts_file])
        expect(statSync(file).mode & 0o777).toBe(0o600)
      // The person's own file, which includes it: nothing else about the host is in there.
      const own = join(mkdtempSync(join(tmpdir(), 'bg-own-')), 'config')
      writeFileSync(own, `Include ${first.file}\nHost *\n  User somebody\n`)
      expect(await run('ssh', ['-F', own, 'web-1', 'echo by config'])).toMatchObject({
        code: 0,
        out: 'by config\n',
      })

      const again = JSON.parse((await cli('ssh-config', '--json')).out) as typeof first
      expect(again.hosts[0].login).toBe(host.login)
      expect((await cli('ssh-config', 'web-1')).out).toContain(`User ${host.login}`)

      await cli('close', grant)
      const gone = await cli('ssh-config')
      expect(gone).toMatchObject({ code: 1, err: expect.stringContaining('no active grant for a host') })
      expect(readdirSync(kept())).toEqual(['config'])
      expect(readFileSync(first.file, 'utf8')).not.toContain(host.login)
    })

    it('open shows how to get in by the secret, the host key beside it, and how to get in by a key', async () => {
      await world.incident()
      world.clock.pass(31_000)
      const opened = await cli('open', 'web-1', '-r', 'the web tier is down', '--code', world.code('ana'))
      expect(opened).toMatchObject({ code: 0, out: expect.stringMatching(/user bg_\S+ {2}password \S+/) })
      expect(opened.out).toMatch(/known host \[127\.0\.0\.1\]:\d+ ssh-ed25519 \S{68}/)
      expect(opened.out).toContain('breakglass ssh-config web-1 --write')
      grant = /Recorded as (\S+)/.exec(opened.err)?.[1] ?? ''
    })

    it('the keys of the gateway are replaced in two steps, and nobody is locked out in between', async () => {
      const api = await world.signIn('mara')
      const mara = { ...person, token: api.token }
      const keys = async (who: Person, ...args: string[]) => {
        const ran = await breakglass(who, ['ssh-keys', ...args, '--json'])
        return { ...ran, keys: JSON.parse(ran.out) as SshKeys & { error?: unknown } }
      }
      const before = (await keys(person)).keys
      const trusted = join(world.sshd.folder, 'ca.pub')
      const printed = execFileSync('ssh-keygen', ['-lf', trusted], { encoding: 'utf8' })
      expect(printed).toContain(before.ca.fingerprint)
      expect(await keys(person, 'next', 'ca')).toMatchObject({
        code: 1,
        keys: { error: { code: 'forbidden' } },
      })

      // One that is taken back leaves nothing in the plan.
      expect((await keys(mara, 'next', 'ca')).keys.next.ca?.key).toBeDefined()
      expect((await keys(mara, 'withdraw', 'ca')).keys).toEqual(before)

      const made = (await keys(mara, 'next', 'ca')).keys
      const next = made.next.ca?.key ?? ''
      expect(made).toMatchObject({ ca: before.ca, host: before.host, next: { ca: { key: next } } })
      const { plan } = await api.get<{ plan: string }>('/v1/targets/web-1/plan')
      for (const line of [before.ca.key, next]) expect(plan).toContain(`'${line} breakglass'`)
      expect(await cli('connect', 'web-1', '--', 'true')).toMatchObject({ code: 0 })
      expect(await keys(mara, 'switch', 'ca')).toMatchObject({
        code: 1,
        keys: { error: { code: 'conflict', facts: { targets: ['web-1'] } } },
      })
      writeFileSync(trusted, `${before.ca.key}\n${next}\n`)
      expect(await api.get('/v1/targets/web-1/check')).toMatchObject({
        ok: true,
        lines: expect.arrayContaining([
          { ok: true, level: 'must', what: expect.stringContaining('our next certificate authority') },
        ]),
      })
      expect((await keys(mara, 'switch', 'ca')).keys).toEqual({ ...before, ca: made.next.ca, next: {} })
      writeFileSync(trusted, `${next}\n`)
      expect(await cli('connect', 'web-1', '--', 'true')).toMatchObject({ code: 0 })

      // Of the host key: who connects in between has pinned both; who does not is told.
      const late = { ...person, state: mkdtempSync(join(tmpdir(), 'bg-state-')) }
      await breakglass(late, ['connect', 'web-1', '--', 'true'])
      await keys(mara, 'next', 'host')
      expect(await cli('connect', 'web-1', '--', 'true')).toMatchObject({ code: 0 })
      const switched = (await keys(mara, 'switch', 'host')).keys
      expect(switched.host.fingerprint).not.toBe(before.host.fingerprint)
      expect(await cli('connect', 'web-1', '--', 'echo in')).toMatchObject({ code: 0, out: 'in\n' })
      expect(await breakglass(late, ['connect', 'web-1', '--', 'true'])).toMatchObject({
        code: 1,
        err: expect.stringContaining('breakglass login'),
      })
    })

    it('says what to do when it is not a host and when nothing is open', async () => {
      expect(await cli('ssh-config', 'orders-db')).toMatchObject({
        code: 2,
        err: expect.stringContaining('`breakglass connect orders-db`'),
      })
      await ana.post(`/v1/grants/${grant}/close`)
      expect(await cli('connect', 'web-1', '--json')).toMatchObject({
        code: 1,
        out: expect.stringContaining('"code": "grant.not_active"'),
      })
    })
  },
)
