import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { freePort } from '../../../src/sandbox/free-port.ts'
import { type ClientStand, type Ran, run, sha256Of } from './client-stand.ts'
import { found, until } from '../../support/wait.ts'

export interface ClientRow {
  readonly what: string
  /** Files whose absence skips the row. */
  readonly needs?: readonly string[]
  run(stand: ClientStand): Promise<void>
  /** Everything on record of it, in order; or what must be among it. */
  readonly recorded: (stand: ClientStand) => readonly unknown[]
  readonly among?: true
}

/** Bytes of which no two stretches are alike, in a file of this machine. */
function fileOf(stand: ClientStand, name: string, length: number): string {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE((at * 2654435761) >>> 0, at)
  const file = join(stand.folder, name)
  writeFileSync(file, bytes)
  return file
}

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)
const fine = (ran: Ran): void => expect(ran, ran.err).toMatchObject({ code: 0 })

/** One line there and back through a port of this machine, or a socket by its path. */
export function through(at: number | string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const place = typeof at === 'number' ? { port: at, host: '127.0.0.1' } : { path: at }
    const socket = connect(place, () => socket.write(line))
    let heard = ''
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString()
      if (heard.length >= line.length) socket.end()
    })
    socket.on('close', () => resolve(heard))
    socket.on('error', reject)
  })
}

async function listening(port: number): Promise<void> {
  await until(() => answers(port), `a listener on ${port}`)
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const probe = connect(port, '127.0.0.1')
    probe.on('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.on('error', () => resolve(false))
  })
}

export async function gone(port: number): Promise<void> {
  await until(async () => !(await answers(port)), `the end of the listener on ${port}`)
}

/** The port that sshd chose for `-R 0:…`, as ssh says it. */
export const allocated = (err: () => string): Promise<number> =>
  found(() => {
    const [, port] = /Allocated port (\d+) for remote forward/.exec(err()) ?? []
    return port === undefined ? undefined : Number(port)
  }, 'the allocated port')

/** An X server as far as clients come that it turns away (X11 protocol, appendix B, Connection Setup): the first bytes of each, and its port. */
async function xServer(): Promise<{ port: number; heard: Buffer[]; close(): void }> {
  const port = await freePort()
  const heard: Buffer[] = []
  const reason = Buffer.from('no seats!   ')
  const server = createServer(socket => {
    socket.on('error', () => socket.destroy())
    socket.once('data', (setup: Buffer) => {
      heard.push(setup)
      const failed = Buffer.from([0, reason.length, 11, 0, 0, 0, reason.length / 4, 0])
      socket.end(Buffer.concat([failed, reason]))
    })
  }).listen(port, '127.0.0.1')
  return { port, heard, close: () => void server.close() }
}

/** At the host: an X client that proves itself by the cookie sshd has left there, and prints the answer's words. */
const X_CLIENT = `
import os, socket, struct, subprocess
display = os.environ["DISPLAY"]
cookie = bytes.fromhex(subprocess.check_output(["xauth", "list", display]).split()[-1].decode())
s = socket.create_connection(("127.0.0.1", 6000 + int(display.split(":")[1].split(".")[0])))
s.sendall(b"l\\0" + struct.pack("<HHHHH", 11, 0, 18, 16, 0) + b"MIT-MAGIC-COOKIE-1\\0\\0" + cookie)
print(s.recv(100)[8:].decode())
`

/** SOCKS5 without a login (RFC 1928), to a destination: the second byte of the answer, 0 when it leads there. */
function socks(port: number, to: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from([5, 1, 0])))
    let heard = Buffer.alloc(0)
    let asked = false
    socket.on('data', (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk])
      if (!asked && heard.length >= 2) {
        asked = true
        socket.write(Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, to >> 8, to & 255]))
      }
      if (heard.length >= 4) socket.destroy()
    })
    socket.on('close', () => resolve(heard[3] ?? 255))
    socket.on('error', reject)
  })
}

const EXPECT = '/usr/bin/expect'
const expectScript = (stand: ClientStand, script: string): Promise<Ran> => {
  const file = join(stand.folder, 'script.exp')
  writeFileSync(file, `set timeout 20\n${script}`)
  return run(EXPECT, ['-f', file])
}

/** Options by which ssh asks for the secret and knows nothing of the key. */
const typing = ({ typed, knownHosts }: ClientStand): string =>
  `-F none -p ${typed.port} -o UserKnownHostsFile=${knownHosts} -o HostKeyAlias=breakglass -o StrictHostKeyChecking=yes -o IdentityAgent=none -o IdentityFile=none ${typed.login}@127.0.0.1`

export const ROWS: readonly ClientRow[] = [
  {
    what: 'ssh: a command with its output, its errors and its exit code',
    async run(stand) {
      expect(await stand.ssh(['web-1', 'echo out; echo err >&2; exit 7'])).toEqual({
        code: 7,
        out: 'out\n',
        err: 'err\n',
      })
    },
    recorded: () => ['exec echo out; echo err >&2; exit 7'],
  },
  {
    what: 'ssh: 8 MiB through stdin and back',
    async run(stand) {
      const file = fileOf(stand, 'stdin', 8 << 20)
      const ran = await stand.ssh(['web-1', 'sha256sum'], { input: readFileSync(file) })
      expect(ran.out.split(' ')[0]).toBe(sha256Of(file))
    },
    // The digest of all that went in comes with its end.
    recorded: () => ['exec sha256sum', 'input_end'],
  },
  {
    what: 'scp: up and down',
    async run(stand) {
      const up = fileOf(stand, 'scp-up', 3_000_001)
      const down = join(stand.folder, 'scp-down')
      fine(await run('scp', ['-F', stand.config, up, `web-1:${stand.remote}/scp`]))
      fine(await run('scp', ['-F', stand.config, `web-1:${stand.remote}/scp`, down]))
      expect(sha256Of(down)).toBe(sha256Of(up))
    },
    recorded: stand => [
      'subsystem sftp',
      `sftp_open ${stand.remote}/scp`,
      matching(/^sftp_close .*\/scp$/),
      'subsystem sftp',
    ],
    among: true,
  },
  {
    what: 'scp -O (the protocol of old): up and down, also a folder',
    async run(stand) {
      const up = fileOf(stand, 'old-up', 2_000_003)
      mkdirSync(join(stand.folder, 'tree', 'below'), { recursive: true })
      writeFileSync(join(stand.folder, 'tree', 'below', 'a'), 'a')
      const down = join(stand.folder, 'old-down')
      fine(await run('scp', ['-O', '-F', stand.config, up, `web-1:${stand.remote}/old`]))
      fine(await run('scp', ['-O', '-F', stand.config, `web-1:${stand.remote}/old`, down]))
      fine(
        await run('scp', [
          '-O',
          '-r',
          '-F',
          stand.config,
          join(stand.folder, 'tree'),
          `web-1:${stand.remote}`,
        ]),
      )
      expect(sha256Of(down)).toBe(sha256Of(up))
      expect((await stand.ssh(['web-1', `cat ${stand.remote}/tree/below/a`])).out).toBe('a')
    },
    recorded: stand => [
      matching(/^exec scp .*-t /),
      matching(/^exec scp .*-f /),
      `exec cat ${stand.remote}/tree/below/a`,
    ],
    among: true,
  },
  {
    what: 'sftp -b: put, rename, ls, get, rm',
    async run(stand) {
      const up = fileOf(stand, 'batch', 100_000)
      const batch = [
        `cd ${stand.remote}`,
        `put ${up} one`,
        'rename one two',
        'ls -l',
        `get two ${up}.back`,
        'rm two',
      ]
      const ran = await run('sftp', ['-F', stand.config, '-b', '-', 'web-1'], { input: batch.join('\n') })
      fine(ran)
      expect(ran.out).toContain('two')
      expect(sha256Of(`${up}.back`)).toBe(sha256Of(up))
    },
    recorded: () => ['subsystem sftp', matching(/^sftp_rename /), matching(/^sftp_remove .*\/two$/)],
    among: true,
  },
  {
    what: 'rsync: up, again with --delete, and down',
    needs: ['/usr/bin/rsync'],
    async run(stand) {
      const from = join(stand.folder, 'rsync')
      mkdirSync(join(from, 'sub'), { recursive: true })
      for (const name of ['a', 'b', 'sub/c']) writeFileSync(join(from, name), name.repeat(50_000))
      const rsync = (...args: string[]): Promise<Ran> =>
        run('rsync', ['-a', '-e', `ssh -F ${stand.config}`, ...args])
      fine(await rsync(`${from}/`, `web-1:${stand.remote}/rsync/`))
      writeFileSync(join(from, 'a'), 'changed')
      fine(
        await rsync(
          '--delete',
          '--exclude=b',
          '--delete-excluded',
          `${from}/`,
          `web-1:${stand.remote}/rsync/`,
        ),
      )
      fine(await rsync(`web-1:${stand.remote}/rsync/`, `${from}-back/`))
      expect(readdirSync(`${from}-back`).sort()).toEqual(['a', 'sub'])
      for (const name of ['a', 'sub/c'])
        expect(sha256Of(join(`${from}-back`, name))).toBe(sha256Of(join(from, name)))
    },
    recorded: () => [
      matching(/^exec rsync --server /),
      matching(/^exec rsync --server .*--delete/),
      matching(/^exec rsync --server --sender /),
    ],
  },
  {
    what: 'ssh -J: the gateway answers for the host, so what is done behind the jump is on record',
    async run(stand) {
      expect(await stand.ssh(['web-1.jump', 'echo by jump'])).toMatchObject({ code: 0, out: 'by jump\n' })
      fine(await stand.ssh(['-J', 'web-1.gateway', '-o', 'HostName=web-1', 'web-1', 'true']))
    },
    recorded: () => ['jump web-1:22', 'exec echo by jump', matching(/^jump web-1:/), 'exec true'],
  },
  {
    what: 'ssh -L and -W: to where the procedure allows',
    async run(stand) {
      const port = await freePort()
      await stand.ssh(['-N', '-L', `127.0.0.1:${port}:127.0.0.1:${stand.echoPort}`, 'web-1'], {
        while: async () => {
          await listening(port)
          expect(await through(port, 'there and back')).toBe('there and back')
        },
      })
      const piped = await stand.ssh(['-W', `127.0.0.1:${stand.echoPort}`, 'web-1'], { input: 'by stdin' })
      expect(piped).toMatchObject({ code: 0, out: 'by stdin' })
    },
    recorded: stand => [`forward 127.0.0.1:${stand.echoPort}`],
    among: true,
  },
  {
    what: 'ssh -L, -W and -D: to elsewhere they are refused in words (attack 7)',
    async run(stand) {
      const [port, dynamic, elsewhere] = [await freePort(), await freePort(), await freePort()]
      const local = await stand.ssh(
        ['-N', '-L', `127.0.0.1:${port}:127.0.0.1:${elsewhere}`, '-D', `127.0.0.1:${dynamic}`, 'web-1'],
        {
          while: async () => {
            await listening(dynamic)
            expect(await through(port, 'x').catch(() => '')).toBe('')
            expect(await socks(dynamic, elsewhere)).not.toBe(0)
          },
        },
      )
      expect(local.err).toMatch(/administratively prohibited: breakglass: refused/)
      const piped = await stand.ssh(['-W', `127.0.0.1:${elsewhere}`, 'web-1'])
      expect(piped.code).toBe(255)
      expect(piped.err).toMatch(/administratively prohibited: breakglass: refused/)
    },
    recorded: () => [matching(/^forward refused \(forward\) 127\.0\.0\.1:\d+$/)],
    among: true,
  },
  {
    what: 'ssh -R: refused in words, the command runs (attack 7)',
    async run(stand) {
      const forward = ['-R', '0:127.0.0.1:1', '-R', '/tmp/never:127.0.0.1:1']
      const ran = await stand.ssh([...forward, 'web-1', 'echo runs'])
      expect(ran).toMatchObject({ code: 0, out: 'runs\n' })
      expect(ran.err).toMatch(/breakglass: refused: remote forwarding.*scope\.allow/)
      expect(ran.err.match(/breakglass: refused/g)).toHaveLength(1)
      expect(
        await stand.ssh(['-o', 'ExitOnForwardFailure=yes', ...forward, 'web-1', 'echo never']),
      ).toMatchObject({ code: 255, out: '' })
    },
    recorded: () => [
      'remote_forwarding refused (remote_forwarding) localhost:0',
      'remote_forwarding refused (remote_forwarding) unix:/tmp/never',
      'exec echo runs',
    ],
    among: true,
  },
  {
    what: 'ssh -R: from a port of the host, where the procedure allows',
    async run(stand) {
      const port = await freePort()
      const line = `exec 3<>/dev/tcp/127.0.0.1/${port}; echo from the host >&3; head -n 1 <&3`
      const fixed = await stand.ssh(['-R', `127.0.0.1:${port}:127.0.0.1:${stand.echoPort}`, 'web-2', line])
      expect(fixed).toMatchObject({ code: 0, out: 'from the host\n' })
      await gone(port)
      await stand.ssh(['-N', '-R', `0:127.0.0.1:${stand.echoPort}`, 'web-2'], {
        while: async err => expect(await through(await allocated(err), 'chosen')).toBe('chosen'),
      })
    },
    recorded: () => [
      matching(/^remote_forwarding 127\.0\.0\.1:\d+$/),
      matching(/^exec exec 3<>/),
      // Bytes of both directions.
      matching(/^remote_forwarding_channel\b.* \(28 bytes\)$/),
      matching(/^remote_forwarding /),
      matching(/^remote_forwarding_channel\b.* \(12 bytes\)$/),
    ],
  },
  {
    what: 'ssh -L and -R with sockets that are paths, where the procedure allows',
    async run(stand) {
      const here = join(stand.folder, 'here.sock')
      const there = join(stand.remote, 'there.sock')
      const astray = join(stand.folder, 'astray.sock')
      const forwards = ['-L', `${here}:${stand.echoPath}`, '-L', `${astray}:/run/astray`]
      await stand.ssh(['-N', ...forwards, '-R', `${there}:127.0.0.1:${stand.echoPort}`, 'web-2'], {
        while: async () => {
          await until(() => existsSync(here) && existsSync(there), 'both sockets')
          expect(await through(here, 'to the host')).toBe('to the host')
          expect(await through(there, 'from the host')).toBe('from the host')
          expect(await through(astray, 'astray').catch(() => '')).toBe('')
        },
      })
    },
    recorded: stand => [
      `remote_forwarding unix:${join(stand.remote, 'there.sock')}`,
      `forward unix:${stand.echoPath}`,
      matching(/^remote_forwarding_channel\b.* \(26 bytes\)$/),
      'forward refused (forward) unix:/run/astray',
    ],
  },
  {
    what: 'ssh -A: refused in words, the command runs without an agent (attack 9)',
    async run(stand) {
      const ran = await run('ssh-agent', [
        'ssh',
        '-A',
        '-F',
        stand.config,
        'web-1',
        'echo "[$SSH_AUTH_SOCK]"',
      ])
      expect(ran).toMatchObject({ code: 0, out: '[]\n' })
      expect(ran.err).toMatch(/breakglass: refused: .*agent/)
    },
    recorded: () => [
      'agent_forwarding refused (agent_forwarding) auth-agent-req@openssh.com',
      'exec echo "[$SSH_AUTH_SOCK]"',
    ],
  },
  {
    what: 'ssh -A: the agent of the person, where the procedure allows',
    async run(stand) {
      const key = join(stand.folder, 'agent-key')
      fine(await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'of ana', '-f', key]))
      const ran = await run('ssh-agent', [
        'sh',
        '-c',
        `ssh-add -q ${key} && ssh -A -F ${stand.config} web-2 ssh-add -l`,
      ])
      expect(ran).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^256 SHA256:\S+ of ana \(ED25519\)\n$/),
      })
    },
    recorded: () => [
      'agent_forwarding auth-agent-req@openssh.com',
      'exec ssh-add -l',
      matching(/^agent_forwarding_channel\b.* \([1-9]\d* bytes\)$/),
    ],
  },
  {
    what: 'ssh -X: refused in words, the command runs without a display (attack 7)',
    needs: ['/usr/bin/xauth'],
    async run(stand) {
      const ran = await stand.ssh(['-X', 'web-1', 'echo "[$DISPLAY]"'], {
        env: { DISPLAY: ':99', HOME: stand.folder },
      })
      expect(ran).toMatchObject({ code: 0, out: '[]\n' })
      expect(ran.err).toMatch(/breakglass: refused: .*X11/i)
    },
    recorded: () => ['x11_forwarding refused (x11_forwarding) x11-req', 'exec echo "[$DISPLAY]"'],
  },
  {
    what: 'ssh -X: the display of the person, where the procedure allows',
    needs: ['/usr/bin/xauth', '/usr/bin/python3'],
    async run(stand) {
      const display = await xServer()
      const ran = await stand.ssh(['-X', '-o', 'ForwardX11Trusted=yes', 'web-2', '/usr/bin/python3 -'], {
        input: X_CLIENT,
        env: { DISPLAY: `127.0.0.1:${display.port - 6000}`, HOME: stand.folder },
      })
      display.close()
      expect(ran.out, ran.err).toBe('no seats!   \n')
      expect(display.heard.map(bytes => bytes.subarray(12, 30).toString())).toEqual(['MIT-MAGIC-COOKIE-1'])
    },
    recorded: () => [
      'x11_forwarding x11-req',
      'exec /usr/bin/python3 -',
      matching(/^x11_forwarding_channel\b.* \(68 bytes\)$/),
    ],
    among: true,
  },
  {
    what: 'ssh: a shell on a terminal, with its size and its exit code',
    needs: [EXPECT],
    async run(stand) {
      const ran = await expectScript(
        stand,
        `spawn -noecho ssh -F ${stand.config} web-1
         stty rows 33 columns 101 < $spawn_out(slave,name)
         expect -re {[$#] $}
         send "stty size; echo there-\\$((40 + 2))\\r"
         expect "33 101" { puts "\\nSIZE" } timeout { exit 90 }
         expect "there-42"
         send "exit 4\\r"
         expect eof
         exit [lindex [wait] 3]`,
      )
      expect([ran.code, ran.out]).toEqual([4, expect.stringContaining('SIZE')])
    },
    recorded: () => ['shell'],
  },
  {
    what: 'ssh: keyboard-interactive with the session secret',
    needs: [EXPECT],
    async run(stand) {
      const ran = await expectScript(
        stand,
        `spawn -noecho ssh -o PreferredAuthentications=keyboard-interactive ${typing(stand)} id -un
         expect "Session secret" { send "${stand.typed.secret}\\r" } timeout { exit 90 }
         expect eof
         exit [lindex [wait] 3]`,
      )
      expect([ran.code, ran.out]).toEqual([0, expect.stringContaining(stand.world.sshd.account)])
    },
    recorded: () => ['exec id -un'],
  },
  {
    what: 'ssh: the session secret as a password, as tools without a terminal give it (SSH_ASKPASS)',
    async run(stand) {
      const askpass = join(stand.folder, 'askpass')
      writeFileSync(askpass, `#!/bin/sh\necho ${stand.typed.secret}\n`, { mode: 0o700 })
      const args = ['-o', 'PreferredAuthentications=password', ...typing(stand).split(' '), 'echo in']
      const ran = await run('ssh', args, { env: { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force' } })
      expect(ran).toMatchObject({ code: 0, out: 'in\n' })
    },
    recorded: () => ['exec echo in'],
  },
  {
    what: 'ssh -M: commands side by side over one connection, which are one session',
    async run(stand) {
      const socket = join(stand.folder, 'master')
      fine(await stand.ssh(['-M', '-S', socket, '-o', 'ControlPersist=yes', '-fN', 'web-1']))
      const ran = await Promise.all(
        ['one', 'two', 'three'].map(word => stand.ssh(['-S', socket, 'web-1', `sleep 0.2; echo ${word}`])),
      )
      expect(ran.map(({ out }) => out.trim())).toEqual(['one', 'two', 'three'])
      fine(await stand.ssh(['-S', socket, '-O', 'exit', 'web-1']))
    },
    recorded: () => ['one', 'two', 'three'].map(word => `exec sleep 0.2; echo ${word}`),
    among: true,
  },
  {
    what: 'paramiko: exec, sftp, an interactive shell',
    needs: ['/usr/lib/python3/dist-packages/paramiko'],
    async run(stand) {
      const { typed } = stand
      const known = join(stand.folder, 'paramiko-known')
      const key = readFileSync(stand.knownHosts, 'utf8').trim().split(' ').slice(1).join(' ')
      writeFileSync(known, `[127.0.0.1]:${typed.port} ${key}\n`)
      const script = fileURLToPath(new URL('paramiko_client.py', import.meta.url))
      const ran = await run('/usr/bin/python3', [
        script,
        '127.0.0.1',
        String(typed.port),
        typed.login,
        typed.secret,
        known,
        stand.remote,
      ])
      expect(ran.out.trim().split('\n'), ran.err).toEqual([
        'exec through stdin err 5',
        'sftp True',
        'stat 512000',
        'shell True 3',
      ])
    },
    recorded: stand => [
      'exec cat; echo err >&2; exit 5',
      'subsystem sftp',
      `sftp_remove ${stand.remote}/paramiko`,
      'shell',
    ],
    among: true,
  },
  {
    what: 'Ansible with pipelining: ping, copy, command',
    needs: ['/usr/bin/ansible-playbook'],
    async run(stand) {
      const home = join(stand.folder, 'ansible')
      mkdirSync(home, { recursive: true })
      const file = `${stand.remote}/ansible`
      const play = [
        { 'ansible.builtin.ping': {} },
        { 'ansible.builtin.copy': { content: 'hello', dest: file } },
        { 'ansible.builtin.command': { cmd: `sha256sum ${file}` } },
      ]
      // JSON is YAML.
      writeFileSync(
        join(home, 'play.yml'),
        JSON.stringify([{ hosts: 'all', gather_facts: false, tasks: play }]),
      )
      const ran = await run('ansible-playbook', ['-i', 'web-1,', join(home, 'play.yml')], {
        env: {
          HOME: home,
          ANSIBLE_PIPELINING: '1',
          ANSIBLE_SSH_ARGS: `-F ${stand.config} -C -o ControlMaster=auto -o ControlPersist=1s`,
          ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
          ANSIBLE_NOCOLOR: '1',
        },
      })
      expect(ran.out, ran.err).toMatch(/web-1 +: ok=3 +changed=2 +unreachable=0 +failed=0/)
    },
    recorded: () => [matching(/^exec \/bin\/sh -c /)],
    among: true,
  },
  {
    what: 'git: push and clone',
    needs: ['/usr/bin/git'],
    async run(stand) {
      const work = join(stand.folder, 'work')
      const env = {
        GIT_SSH_COMMAND: `ssh -F ${stand.config}`,
        ...{ GIT_AUTHOR_NAME: 'ana', GIT_AUTHOR_EMAIL: 'ana@acme.example' },
        ...{ GIT_COMMITTER_NAME: 'ana', GIT_COMMITTER_EMAIL: 'ana@acme.example' },
      }
      const git = async (...args: string[]): Promise<void> => fine(await run('git', args, { env }))
      fine(await stand.ssh(['web-1', `git init -q --bare ${stand.remote}/repo.git`]))
      await git('init', '-q', '-b', 'main', work)
      writeFileSync(join(work, 'big'), readFileSync(fileOf(stand, 'for-git', 1 << 20)))
      await git('-C', work, 'add', 'big')
      await git('-C', work, 'commit', '-q', '-m', 'one')
      await git('-C', work, 'push', '-q', `web-1:${stand.remote}/repo.git`, 'main')
      await git('clone', '-q', '-b', 'main', `web-1:${stand.remote}/repo.git`, `${work}-back`)
      expect(sha256Of(join(`${work}-back`, 'big'))).toBe(sha256Of(join(work, 'big')))
    },
    recorded: stand => [
      `exec git init -q --bare ${stand.remote}/repo.git`,
      `exec git-receive-pack '${stand.remote}/repo.git'`,
      'input_end',
      `exec git-upload-pack '${stand.remote}/repo.git'`,
    ],
  },
]
