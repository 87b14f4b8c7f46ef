import { randomBytes } from 'node:crypto'
import { Fault } from '../../../kernel/faults.ts'
import { LOGIN_VARIABLE } from '../dial/login-variable.ts'
import type { CommandLink } from './command-link.ts'
import { ControlLink } from './control-link.ts'
import { readTerminated, type Terminated } from './read-terminated.ts'
import { TERMINATE_S, TERMINATE_SCRIPT } from './terminate-script.ts'

/** The script bounds itself; beyond that the host does not answer. */
const TERMINATE_MS = (TERMINATE_S + 4) * 1000
const LIST_MS = 5000
/** Logins of one run, so that its command line stays short. */
const AT_ONCE = 500

interface Waiting {
  readonly login: string
  readonly resolve: (ended: number) => void
  readonly reject: (cause: unknown) => void
}

/**
 * Acts on what runs under one unix account of a target. What is asked while a run goes on waits for the next, which serves all of it
 * at once: hundreds of logins that end together cost a few looks at the host.
 */
export class AccountControl {
  readonly #target: string
  readonly #account: string
  readonly #link: ControlLink
  #waiting: Waiting[] = []
  #running = false

  constructor(target: string, account: string, open: () => Promise<CommandLink>) {
    this.#target = target
    this.#account = account
    this.#link = new ControlLink(open)
  }

  ready(): Promise<void> {
    return this.#link.ready()
  }

  release(wanted: () => boolean): Promise<void> {
    return this.#link.release(wanted)
  }

  /** Number of processes ended. Faults: `target.unreachable` when not all of them could be, `target.misconfigured` without /proc. */
  terminate(login: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ login, resolve, reject })
      void this.#serve()
    })
  }

  /** Logins of which something runs. */
  async logins(): Promise<readonly string[]> {
    const script = `cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | sed -n 's/^${LOGIN_VARIABLE}=\\(bg_[A-Za-z0-9_]*\\)$/${LOGIN_VARIABLE} \\1/p'`
    const { out } = await this.#link.run('exec /bin/sh -s', script, LIST_MS)
    const names = out.split('\n').map(line => line.split(' '))
    return [...new Set(names.flatMap(([what, name]) => (what === LOGIN_VARIABLE && name ? [name] : [])))]
  }

  async #serve(): Promise<void> {
    if (this.#running) return
    this.#running = true
    while (this.#waiting.length > 0) {
      const served = this.#waiting.splice(0, AT_ONCE)
      try {
        const found = await this.#end([...new Set(served.map(({ login }) => login))])
        for (const { login, resolve, reject } of served) {
          const { ended = 0, left = [] } = found.get(login) ?? {}
          if (left.length === 0) resolve(ended)
          else reject(this.#doNotEnd(login, left))
        }
      } catch (cause) {
        for (const { reject } of served) reject(cause)
      }
    }
    this.#running = false
  }

  /** What the account may not end, it may as root where sudo asks for no password: whoever had the account could start it so. */
  async #end(logins: readonly string[]): Promise<ReadonlyMap<string, Terminated>> {
    const first = await this.#run('exec /bin/sh', logins)
    if (first === undefined) {
      throw new Fault(
        'target.unreachable',
        `what runs as ${this.#account} at ${this.#target} could not be looked at`,
        {
          next: `Run \`breakglass target check ${this.#target}\`: its account must be able to run /bin/sh, grep, sed and awk.`,
        },
      )
    }
    const stuck = [...first].filter(([, { left }]) => left.length > 0).map(([login]) => login)
    if (stuck.length === 0) return first
    const second = await this.#run('exec sudo -n /bin/sh', stuck).catch(() => undefined)
    const all = new Map(first)
    for (const [login, { ended, left }] of second ?? []) {
      const before = all.get(login)?.ended ?? 0
      all.set(login, { ended: before + ended, left })
    }
    return all
  }

  async #run(shell: string, logins: readonly string[]): Promise<ReadonlyMap<string, Terminated> | undefined> {
    const mark = randomBytes(12).toString('hex')
    const { out } = await this.#link.run(
      `${shell} -s ${mark} ${logins.join(' ')}`,
      TERMINATE_SCRIPT,
      TERMINATE_MS,
    )
    const found = readTerminated(out, mark, logins)
    if (found !== 'no_proc') return found
    throw new Fault(
      'target.misconfigured',
      `${this.#target} has no /proc: what runs there cannot be found and ended`,
      {
        next: 'Mount /proc, or take the target out of the configuration.',
      },
    )
  }

  #doNotEnd(login: string, left: Terminated['left']): Fault {
    const some = left.slice(0, 5).map(({ pid, command }) => `${command} (${pid})`)
    const more = left.length > some.length ? ` and ${left.length - some.length} more` : ''
    return new Fault(
      'target.unreachable',
      `at ${this.#target} ${some.join(', ')}${more} of ${login} do not end`,
      {
        next: 'Ask the owner of the host to end them: they run as another user, or wait for the kernel.',
        facts: { pids: left.map(({ pid }) => pid) },
      },
    )
  }
}
