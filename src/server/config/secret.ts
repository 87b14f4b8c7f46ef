import { readFileSync, statSync } from 'node:fs'
import { Fault } from '../../kernel/faults.ts'

/** Where a secret comes from, as configuration writes it; a relative `file` is already resolved against the configuration's folder. */
export type SecretSource = { readonly env: string } | { readonly file: string }

/**
 * A secret that is named by configuration and read when it is used, so that checks and plans work on a machine that
 * does not hold it. Printing or serialising one shows its source, never its value.
 */
export class Secret {
  readonly #source: SecretSource
  readonly #at: string

  /** `at`: the place in the configuration that names it (`targets.orders-db.login.password`), for the fault. */
  constructor(source: SecretSource, at: string) {
    this.#source = source
    this.#at = at
  }

  /** Reads it now; a trailing line end of a file is not part of it. Fault `config.invalid` when it is absent, empty or readable by others. */
  read(env: NodeJS.ProcessEnv = process.env): string {
    const value =
      'env' in this.#source ? this.#fromEnv(this.#source.env, env) : this.#fromFile(this.#source.file)
    if (value === '') throw this.#fault('is empty', 'Put the secret there.')
    return value
  }

  toJSON(): SecretSource {
    return this.#source
  }

  toString(): string {
    return 'env' in this.#source
      ? `the environment variable ${this.#source.env}`
      : `the file ${this.#source.file}`
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Secret(${this.toString()})`
  }

  #fromEnv(name: string, env: NodeJS.ProcessEnv): string {
    const value = env[name]
    if (value === undefined)
      throw this.#fault('is not set', `Set ${name} in the environment of \`breakglass start\`.`)
    return value
  }

  #fromFile(file: string): string {
    try {
      const mode = statSync(file).mode & 0o777
      if ((mode & 0o027) !== 0)
        throw this.#fault(
          `may be read or changed by others (mode ${mode.toString(8)})`,
          `Run \`chmod 600 ${file}\`.`,
        )
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
    } catch (cause) {
      if (cause instanceof Fault) throw cause
      const code = (cause as NodeJS.ErrnoException).code ?? 'error'
      throw this.#fault(`cannot be read (${code})`, 'Create it, readable by the account of the server only.')
    }
  }

  #fault(what: string, next: string): Fault {
    return new Fault('config.invalid', `${this.#at}: ${this.toString()} ${what}`, { next })
  }
}

/** The same value with every `Secret` in it replaced by its text; reads all of them now. */
export function readSecrets(value: unknown, env: NodeJS.ProcessEnv = process.env): unknown {
  if (value instanceof Secret) return value.read(env)
  if (Array.isArray(value)) return value.map(item => readSecrets(item, env))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, readSecrets(item, env)]))
  return value
}
