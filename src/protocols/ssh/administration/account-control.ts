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

/**
 * Runs what stands on its input, as root where sudo asks for no password: whoever had the account could have started it so, and of what
 * another user runs an account sees no environment. Quoted so that every login shell hands it on alike.
 */
const AS_FAR_AS_IT_GOES = `exec /bin/sh -c 'if sudo -n true </dev/null >/dev/null 2>&1; then exec sudo -n /bin/sh -s "$@"; fi; exec /bin/sh -s "$@"' sh`

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
    const { out } = await this.#link.run(AS_FAR_AS_IT_GOES, script, LIST_MS)
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

  async #end(logins: readonly string[]): Promise<ReadonlyMap<string, Terminated>> {
    const mark = randomBytes(12).toString('hex')
    const command = `${AS_FAR_AS_IT_GOES} ${mark} ${logins.join(' ')}`
    const { out } = await this.#link.run(command, TERMINATE_SCRIPT, TERMINATE_MS)
    const found = readTerminated(out, mark, logins)
    if (found === 'no_proc') {
      throw new Fault(
        'target.misconfigured',
        `${this.#target} has no /proc: what runs there cannot be found and ended`,
        { next: 'Mount /proc, or take the target out of the configuration.' },
      )
    }
    if (found) return found
    throw new Fault(
      'target.unreachable',
      `what runs as ${this.#account} at ${this.#target} could not be looked at`,
      {
        next: `Run \`breakglass target check ${this.#target}\`: its account must be able to run /bin/sh, grep, sed and awk.`,
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
