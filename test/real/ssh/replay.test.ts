/** What a terminal showed is what is watched, and what is played back (issue D: "replay of a vim session"). Real vim over real ssh. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Shown } from '../../../src/screen/shown.suite.ts'
import { breakglass, inTerminal, isBuilt, type Person } from '../breakglass.ts'
import { missing, whereIs } from '../servers/missing.ts'
import type { Api } from '../world.ts'
import { run } from './client-stand.ts'
import { missingSshd } from './lab.ts'
import { type SshWorld, startSshWorld, type Way } from './world.ts'
import { found, until } from '../../support/wait.ts'

const possible =
  missingSshd.length === 0 &&
  missing('postgres15').length === 0 &&
  isBuilt &&
  whereIs('vim') !== undefined &&
  whereIs('script') !== undefined

/** A native ssh in a terminal of 24 lines of 80, at which somebody types. */
class Engineer {
  readonly #child: ChildProcessWithoutNullStreams
  readonly ended: Promise<void>
  #pieces: Buffer[] = []

  constructor(way: Way, command = '') {
    this.#child = spawn(
      'script',
      ['-qefc', `stty rows 24 cols 80; exec ssh -q -tt -F ${way.config} web-1 ${command}`, '/dev/null'],
      { env: { ...process.env, TERM: 'xterm-256color' }, stdio: ['pipe', 'pipe', 'pipe'] },
    )
    this.#child.stdout.on('data', (piece: Buffer) => this.#pieces.push(piece))
    this.ended = new Promise(resolve => this.#child.once('close', () => resolve()))
  }

  /** Everything the terminal was sent. */
  get output(): Buffer {
    return Buffer.concat(this.#pieces)
  }

  type(keys: string): void {
    this.#child.stdin.write(keys)
  }

  /** The lines on the screen, once they hold what is waited for. */
  async see(words: string): Promise<readonly string[]> {
    const lines = await found(async () => {
      const seen = await screenOf(this.output)
      return seen.some(line => line.includes(words)) ? seen : undefined
    }, words)
    return lines
  }

  /** Everything on the screen, once nothing has come for a while. */
  async settled(): Promise<string> {
    for (let length = -1; length !== this.output.length; ) {
      length = this.output.length
      await new Promise(resolve => setTimeout(resolve, 400))
    }
    return everythingOf(this.output)
  }

  /** Leaves the insert mode of vim, which takes what follows ESC at once for a key with Alt. */
  async stopInserting(): Promise<void> {
    this.type('\u001B')
    await until(async () => {
      const seen = await screenOf(this.output)
      return !seen.some(line => line.includes('INSERT'))
    }, 'the end of inserting')
  }

  leave(): Promise<void> {
    this.#child.stdin.end()
    this.#child.kill()
    return this.ended
  }
}

async function screenOf(output: Uint8Array | string): Promise<readonly string[]> {
  const shown = new Shown()
  await shown.write(output)
  return shown.lines()
}

async function everythingOf(output: Uint8Array | string): Promise<string> {
  const shown = new Shown()
  await shown.write(output)
  return shown.everything()
}

/** What a cast lets a terminal show, as text. */
const outputOf = (cast: string): string =>
  cast
    .trimEnd()
    .split('\n')
    .slice(1)
    .map(line => JSON.parse(line) as [number, string, string])
    .filter(([, code]) => code === 'o')
    .map(([, , text]) => text)
    .join('')

describe.skipIf(!possible)('a terminal over ssh', () => {
  let world: SshWorld
  let engineer: Engineer | undefined
  beforeAll(async () => {
    world = await startSshWorld()
  })
  afterEach(() => engineer?.leave())
  afterAll(() => world.close())

  const as = async (handle: string): Promise<Person & { api: Api }> => {
    const api = await world.signIn(handle)
    return { url: world.server.url, token: api.token, api }
  }
  const newest = async (api: Api): Promise<string> => {
    const { sessions } = await api.get<{ sessions: { id: string }[] }>('/v1/sessions')
    return sessions[0]?.id ?? ''
  }
  const cast = async ({ url, token }: Person, session: string, terminal = 1): Promise<string> => {
    const response = await fetch(`${url}/v1/sessions/${session}/cast?terminal=${terminal}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(response.headers.get('content-type')).toContain('application/x-asciicast')
    return response.text()
  }

  it('replays a vim session to the screen the terminal showed, in the middle and at the end', async () => {
    const { way } = await world.enter()
    const priya = await as('priya')
    engineer = new Engineer(way)
    await engineer.see('$')
    engineer.type("export PS1='$ ' LC_ALL=C.UTF-8; clear\r")
    engineer.type('vim -N -n -u NONE -i NONE /tmp/breakglass-replay-test.txt\r')
    await engineer.see('replay-test.txt')
    engineer.type('ione\rtwo ünï 日本\rthree')
    await engineer.see('three')
    await engineer.stopInserting()
    engineer.type('yy5p:vsplit\r/two\r')
    await engineer.see('search hit BOTTOM')
    const session = await newest(priya.api)
    const inTheMiddle = await found(async () => {
      const [theirs, mine] = [engineer?.output ?? '', outputOf(await cast(priya, session))]
      return theirs.toString() === mine ? theirs : undefined
    }, 'a recording of all that was shown')
    expect((await screenOf(inTheMiddle)).filter(line => line.includes('two ünï 日本'))).not.toHaveLength(0)
    expect(await everythingOf(outputOf(await cast(priya, session)))).toBe(await everythingOf(inTheMiddle))

    engineer.type(':qa!\r')
    // On its way out vim throws away what was typed ahead.
    await engineer.see('$ vim')
    engineer.type('exit\r')
    await engineer.ended
    const whole = await cast(priya, session)
    expect(JSON.parse(whole.split('\n')[0] ?? '')).toMatchObject({
      version: 3,
      term: { cols: 80, rows: 24, type: 'xterm-256color' },
    })
    expect(await everythingOf(outputOf(whole))).toBe(await everythingOf(engineer.output))
    const events = whole.trimEnd().split('\n').slice(1)
    expect(JSON.parse(events.at(-1) ?? '')).toEqual([expect.any(Number), 'x', '0'])
    expect(whole).toContain('"i"')

    // The player on a real terminal, and the file that asciinema takes.
    const shown = await screenOf(outputOf(whole))
    const played = await inTerminal({ ...priya, size: '24 80' }, ['replay', session, '--speed', '100']).ended
    expect(played.code).toBe(0)
    expect(played.out).toContain('It ended with status 0.')
    const scrolled = await screenOf(played.out)
    for (const line of shown.filter(Boolean)) expect(scrolled).toContain(line)
    const file = join(mkdtempSync(join(tmpdir(), 'bg-cast-')), 'vim.cast')
    expect((await breakglass(priya, ['replay', session, '--cast', file])).code).toBe(0)
    expect(readFileSync(file, 'utf8')).toBe(whole)
    expect((await breakglass(priya, ['replay', session, '--cast', '-'])).out).toBe(whole)
    const listed = await breakglass(priya, ['replay', session])
    expect(listed.out).toContain('kind=shell')
    expect(listed.out).not.toContain('\u001B')
  })

  it('is watched while it happens, by somebody who comes late, and both are told when it ends', async () => {
    const { api, way, grant } = await world.enter()
    const priya = await as('priya')
    engineer = new Engineer(way)
    await engineer.see('$')
    engineer.type('echo ear"l"y\r')
    await engineer.see('early')
    const session = await newest(priya.api)
    const watching = inTerminal({ ...priya, size: '24 80' }, ['watch', session])
    const seen = (words: string) => until(() => watching.output().includes(words), words)
    await seen('early')
    engineer.type('echo li"v"e\r')
    await seen('live')
    await api.post(`/v1/grants/${grant}/close`)
    const { code, out } = await watching.ended
    expect(code).toBe(0)
    expect(out).toContain('The session has ended: completed.')
    await engineer.ended
  })

  it('is left by Ctrl-C with the terminal as it was', async () => {
    const { way } = await world.enter()
    const priya = await as('priya')
    engineer = new Engineer(way, 'vim -N -n -u NONE -i NONE')
    await engineer.see('VIM - Vi IMproved')
    const session = await newest(priya.api)
    const watching = inTerminal({ ...priya, size: '24 80' }, ['watch', session])
    await until(() => watching.output().includes('IMproved'), 'vim')
    watching.child.stdin.write('\u0003')
    expect((await watching.ended).code).toBe(0)
    const shown = new Shown()
    await shown.write(watching.output())
    expect(await shown.state()).toEqual({ ...(await new Shown().state()), x: expect.any(Number) })
  })

  it('attack 6: live or as a file is refused to whoever may not read it, and that is an event', async () => {
    const { way } = await world.enter()
    const priya = await as('priya')
    engineer = new Engineer(way)
    await engineer.see('$')
    const session = await newest(priya.api)
    const ben = await as('ben')
    for (const what of ['live', 'cast', 'actions']) {
      const response = await fetch(`${world.server.url}/v1/sessions/${session}/${what}`, {
        headers: { authorization: `Bearer ${ben.token}` },
      })
      expect({ what, status: response.status }).toEqual({ what, status: 403 })
      expect(await response.text()).toContain('this attempt was recorded')
    }
    expect((await breakglass(ben, ['watch', session])).code).toBe(1)
  })

  it('of several in one session, the first is played, the others are told of and can be chosen', async () => {
    const { way } = await world.enter()
    const priya = await as('priya')
    const socket = join(mkdtempSync(join(tmpdir(), 'bg-master-')), 's')
    const ssh = (...args: string[]) => run('ssh', ['-q', '-F', way.config, '-S', socket, ...args])
    await ssh('-M', '-o', 'ControlPersist=yes', '-fN', 'web-1')
    for (const words of ['of the first', 'of the second']) await ssh('-tt', 'web-1', `echo ${words}`)
    const session = await newest(priya.api)
    const sized = { ...priya, size: '24 80' }
    const watching = inTerminal(sized, ['watch', session])
    await until(() => watching.output().includes('of the second'), 'the second')
    await ssh('-O', 'exit', 'web-1')
    expect((await watching.ended).out).toContain('This is terminal 2 of the session')

    const listed = await breakglass(priya, ['replay', session, '--terminals', '--json'])
    expect(JSON.parse(listed.out)).toMatchObject({
      terminals: [
        { terminal: 1, command: 'echo of the first', lasted_ms: expect.any(Number) as number },
        { terminal: 2, command: 'echo of the second' },
      ],
    })
    const first = await inTerminal(sized, ['replay', session, '--idle', '0s']).ended
    expect(first.out).toContain('The first of 2 terminals; choose with --terminal')
    const second = await inTerminal(sized, ['replay', session, '--idle', '0s', '--terminal', '2']).ended
    expect(second.out).toContain('of the second')
    expect(second.out).not.toContain('of 2 terminals')
  })

  it('has none in a session of a database, whose statements are watched as lines', async () => {
    const { api, grant } = await world.open()
    const { login, secret, port, caFile } = await world.connect(api, grant)
    const priya = await as('priya')
    const psql = spawn('psql', ['-qAt'], {
      env: {
        PATH: process.env['PATH'],
        PGHOST: '127.0.0.1',
        PGPORT: String(port),
        PGUSER: login,
        PGPASSWORD: secret,
        PGDATABASE: 'orders',
        PGSSLMODE: 'verify-ca',
        PGSSLROOTCERT: caFile,
      },
    })
    const done = new Promise(resolve => psql.once('close', resolve))
    psql.stdin.write("select 'early';\n")
    const session = await found(async () => {
      const { sessions } = await priya.api.get<{ sessions: { id: string; protocol: string }[] }>(
        '/v1/sessions?open=true',
      )
      return sessions.find(({ protocol }) => protocol === 'postgres')?.id
    }, 'a session')
    const watching = inTerminal(priya, ['watch', session])
    const seen = (words: string) => until(() => watching.output().includes(words), words)
    await seen("select 'early'")
    psql.stdin.write("select 'live';\n")
    await seen("select 'live'")
    psql.stdin.end()
    await done
    expect(await watching.ended).toMatchObject({
      code: 0,
      out: expect.stringContaining('The session has ended: client.') as string,
    })
    const refused = await breakglass(priya, ['replay', session, '--cast', '-'])
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('had no terminal') as string })
  })

  // The last one, as the clock of this world then is ahead of sshd's.
  it('a warning leaves the screen of vim as it is, and stands on the shell below it afterwards', async () => {
    const { way } = await world.enter({ for: '30m' })
    engineer = new Engineer(way)
    await engineer.see('$')
    engineer.type("export PS1='$ ' LC_ALL=C.UTF-8; clear\r")
    engineer.type('vim -N -n -u NONE -i NONE\r')
    await engineer.see('VIM - Vi IMproved')
    engineer.type('isome text')
    await engineer.see('some text')
    const before = await engineer.settled()
    world.clock.pass(25.5 * 60_000)
    const after = await found(async () => {
      const shown = new Shown()
      await shown.write(engineer?.output ?? '')
      return shown.title.includes('breakglass') ? shown : undefined
    }, 'a warning in the title')
    expect(await after.everything()).toBe(before)
    const warning = after.title
    expect(warning).toMatch(/minutes/)
    await engineer.stopInserting()
    engineer.type(':qa!\r')
    const lines = await engineer.see('$ vim')
    // A line that ends in a space does not show it.
    expect(lines.join('').replaceAll(' ', '')).toContain(warning.replaceAll(' ', ''))
  })
})
