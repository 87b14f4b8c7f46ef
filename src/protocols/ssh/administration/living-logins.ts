import { Fault } from '../../../kernel/faults.ts'

/**
 * The logins of one target that may start something there. The gateway holds the only keys, so this is where a login is made and
 * taken away: a dial asks before it connects and again before it hands the connection on. In memory: after a restart nobody is
 * let in until the login is provisioned anew.
 */
export class LivingLogins {
  readonly #names = new Set<string>()

  get none(): boolean {
    return this.#names.size === 0
  }

  admit(login: string): void {
    this.#names.add(login)
  }

  /** From here on it can start nothing. */
  end(login: string): void {
    this.#names.delete(login)
  }

  clear(): void {
    this.#names.clear()
  }

  /** Fault `session.ended` unless the login lives. */
  demand(login: string): void {
    if (this.#names.has(login)) return
    throw new Fault('session.ended', 'The login has been taken away.', {
      next: 'Ask for a new grant if the work is not done.',
    })
  }
}
