import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { randomWord } from '../../../kernel/ids.ts'
import { until } from '../../../../test/support/wait.ts'
import { LOGIN_VARIABLE } from '../dial/login-variable.ts'
import { readTerminated } from './read-terminated.ts'
import { TERMINATE_SCRIPT } from './terminate-script.ts'

const run = promisify(execFile)
const BUSYBOX = '/usr/bin/busybox'
const TOOLS = ['grep', 'tr', 'sed', 'awk', 'sleep', 'date']
const SHELLS = ['/bin/dash', '/bin/bash', BUSYBOX].filter(shell => existsSync(shell))

/** On this machine, without sshd: that the script does the same with every shell and set of tools it may meet. */
describe.skipIf(!existsSync('/proc/self/environ')).each(SHELLS)('what ends a login, run by %s', shell => {
  let folder: string
  const children: ChildProcess[] = []
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bg-tools-'))
    for (const tool of TOOLS) symlinkSync(BUSYBOX, join(folder, tool))
  })
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const newLogin = () => `bg_${randomWord(60)}`
  const start = (variable: string, value: string, command: string) => {
    const child = spawn('sh', ['-c', command], {
      env: { [variable]: value, PATH: process.env['PATH'] },
      detached: true,
      stdio: 'ignore',
    })
    children.push(child)
    return child
  }
  /** How many processes at or below one that was started are `sleep` by now. */
  const sleepers = ({ pid = 0 }: Pick<ChildProcess, 'pid'>): number => {
    let name = ''
    let below = ''
    try {
      name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
      below = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    } catch {
      // It ended while we looked.
    }
    const own = name === 'sleep' ? 1 : 0
    return (
      own + below.split(' ').reduce((sum, child) => sum + (child ? sleepers({ pid: Number(child) }) : 0), 0)
    )
  }
  const end = async (...logins: string[]) => {
    const busybox = shell === BUSYBOX
    const script = busybox ? TERMINATE_SCRIPT.replace(/^PATH=.*$/m, `PATH=${folder}`) : TERMINATE_SCRIPT
    const { stdout } = await run(shell, [...(busybox ? ['sh'] : []), '-c', script, 'sh', 'MARK', ...logins])
    return readTerminated(stdout, 'MARK', logins)
  }

  it('a tree of processes, and not the one of a login whose name begins the same or stands in another variable', async () => {
    const login = newLogin()
    const mine = start(LOGIN_VARIABLE, login, 'setsid env -i sleep 600 & sleep 600')
    const others = [
      start(LOGIN_VARIABLE, `${login}2`, 'sleep 600'),
      start(`OLD_${LOGIN_VARIABLE}`, login, 'sleep 600'),
    ]
    await until(() => [mine, ...others].map(sleepers).join() === '2,1,1', 'what the shells start')
    const nobody = newLogin()
    const found = await end(login, nobody)
    expect(found).toEqual(
      new Map([
        [login, { ended: 3, left: [] }],
        [nobody, { ended: 0, left: [] }],
      ]),
    )
    if (mine.exitCode === null && mine.signalCode === null) await once(mine, 'exit')
    expect(mine.signalCode).toBe('SIGKILL')
    expect(others.map(({ exitCode, signalCode }) => exitCode ?? signalCode)).toEqual([null, null])
  })

  it('a process that somebody else started from his own session, and nothing else of that', async () => {
    const login = newLogin()
    const leader = start('HOME', '/', `${LOGIN_VARIABLE}=${login} sleep 600 & sleep 600`)
    await until(() => sleepers(leader) === 2, 'what the shell starts')
    expect(await end(login)).toEqual(new Map([[login, { ended: 1, left: [] }]]))
    expect(leader.exitCode ?? leader.signalCode).toBeNull()
    process.kill(-(leader.pid ?? 0), 'SIGKILL')
  })
})

describe('the answer of the script', () => {
  const text = [
    'noise of a start file',
    'M ended bg_a 2',
    'M ended bg_b 0',
    'M left bg_a 12 sudo',
    'M done',
    '',
  ].join('\n')
  it('is read by login, whatever the account prints besides', () => {
    expect(readTerminated(text, 'M', ['bg_a', 'bg_b'])).toEqual(
      new Map([
        ['bg_a', { ended: 2, left: [{ pid: 12, command: 'sudo' }] }],
        ['bg_b', { ended: 0, left: [] }],
      ]),
    )
  })
  it('says nothing when it is cut anywhere, of another run, or silent about a login', () => {
    for (let length = 0; length < text.length - 1; length++) {
      expect(readTerminated(text.slice(0, length), 'M', ['bg_a'])).toBeUndefined()
    }
    expect(readTerminated(text, 'N', ['bg_a'])).toBeUndefined()
    expect(readTerminated(text, 'M', ['bg_c'])).toBeUndefined()
    expect(readTerminated('M no-proc\n', 'M', ['bg_a'])).toBe('no_proc')
  })
})
