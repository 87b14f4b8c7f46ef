import { Fault, isFault } from '../../../kernel/faults.ts'
import type { Target } from '../../../kernel/target.ts'
import { Passage } from '../../../target/passage.ts'
import type { TargetControl } from '../../../target/protocol.ts'
import { AccountControl } from './account-control.ts'
import { CommandLink } from './command-link.ts'
import { LivingLogins } from './living-logins.ts'
import { openOwnLink, type OwnAccess } from './own-link.ts'
import { accountOf, readSettings, type SshSettings } from './settings.ts'

/** One control per target, shared by everything that acts on its logins. */
export class Controls {
  readonly #access: OwnAccess
  readonly #controls = new Map<string, SshControl>()

  constructor(access: OwnAccess) {
    this.#access = access
  }

  of(target: Target): SshControl {
    const known = this.#controls.get(target.name)
    if (known) return known
    const control = new SshControl(target, this.#access, () => this.#controls.delete(target.name))
    this.#controls.set(target.name, control)
    return control
  }
}

/**
 * Acts on the logins of one target over a kept connection to each of its accounts: what has to be ended needs no new login on a host
 * that takes none any more. A login is nothing at the host but the variable its processes carry.
 */
export class SshControl implements TargetControl {
  readonly #target: Target
  readonly #settings: SshSettings
  readonly #forget: () => void
  readonly #living = new LivingLogins()
  readonly #accounts = new Map<string, AccountControl>()
  /** Where each login was let in, while this process knows it. */
  readonly #places = new Map<string, string>()

  constructor(target: Target, access: OwnAccess, forget: () => void) {
    this.#target = target
    this.#settings = readSettings(target)
    this.#forget = forget
    for (const [scope, account] of this.#settings.accounts) {
      if (this.#accounts.has(account)) continue
      const open = async () => new CommandLink(await openOwnLink(this.#settings, scope, access))
      this.#accounts.set(account, new AccountControl(target.name, account, open))
    }
  }

  /** Makes the login: what will end it is connected first. Faults as `openLink`. */
  async provision(passage: Passage): Promise<void> {
    if (!Passage.is(passage)) throw new Fault('internal', 'no login without a passage')
    demandName(passage.login.name)
    const account = accountOf(this.#settings, passage.scope)
    await this.#accounts.get(account)?.ready()
    this.#places.set(passage.login.name, account)
    this.#living.admit(passage.login.name)
  }

  /** Fault `session.ended` unless the login may start something now. */
  demandLiving(login: string): void {
    this.#living.demand(login)
  }

  disable(login: string): Promise<void> {
    this.#living.end(login)
    return Promise.resolve()
  }

  /**
   * In all accounts, as who had one may have come into another; each is tried before the first failure is told. An account that opens
   * for us no more fails it only when the login was let in there, or nobody knows where.
   */
  async terminate(login: string): Promise<number> {
    demandName(login)
    const place = this.#places.get(login)
    const ended = await this.#everywhere((control, account) =>
      control.terminate(login).catch((cause: unknown) => {
        if (place === undefined || place === account || !isFault(cause, 'target.misconfigured')) throw cause
        return 0
      }),
    )
    return ended.reduce((sum, count) => sum + count, 0)
  }

  async drop(login: string): Promise<void> {
    this.#living.end(login)
    this.#places.delete(login)
    await this.#rest()
  }

  /** Those of which something runs now, whatever target and gateway they were given out for: the account is all the host knows. */
  async logins(): Promise<readonly string[]> {
    const names = await this.#everywhere(control => control.logins())
    return [...new Set(names.flat())].toSorted()
  }

  async close(): Promise<void> {
    this.#living.clear()
    this.#places.clear()
    this.#forget()
    await this.#rest()
  }

  async #everywhere<Result>(
    work: (control: AccountControl, account: string) => Promise<Result>,
  ): Promise<Result[]> {
    const results = await Promise.allSettled(
      [...this.#accounts].map(([account, control]) => work(control, account)),
    )
    await this.#rest()
    return results.map(result => {
      if (result.status === 'rejected') throw result.reason
      return result.value
    })
  }

  /** Lets the connections go unless logins live. */
  async #rest(): Promise<void> {
    const idle = (): boolean => this.#living.none
    await Promise.all([...this.#accounts.values()].map(account => account.release(idle)))
  }
}

/** It becomes a word of a command line at the host. */
function demandName(login: string): void {
  if (/^bg_[A-Za-z0-9_]{1,61}$/.test(login)) return
  throw new Fault('internal', 'a login name that is not one word')
}
