import type { Command } from 'commander'
import { createClient, type Client } from '../client/client.ts'
import { readProfile, serverUrl } from '../client/profile.ts'
import { Fault } from '../kernel/faults.ts'
import type { LocalCommands } from './local.ts'
import type { Terminal } from './terminal.ts'

/** Exit codes (DESIGN §7); `connect` passes the client's own. */
export const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3, pending: 4 } as const

export interface CommandName {
  /** Words as typed: `open`, `incident declare`. */
  readonly words: string
  readonly summary: string
}

/** One invocation: what a command works with. */
export interface Call {
  readonly terminal: Terminal
  readonly local: LocalCommands
  readonly json: boolean
  readonly url: string
  readonly version: string
  /** Every command, for completion. */
  readonly commands: readonly CommandName[]
  /** Signed in; Fault `identity.unauthenticated` when nobody is. */
  client(): Client
  /** For routes that need no token. */
  stranger(): Client
  /** The result: the value as JSON for programs, or lines for people. */
  answer(value: unknown, lines: () => readonly string[]): void
}

/** Wraps a handler for commander; what it returns is the exit code, nothing means done. */
export type Run = <A extends unknown[]>(
  handler: (call: Call, ...args: A) => Promise<number | void>,
) => (...args: [...A, Command]) => Promise<void>

/** What a command file exports: describes its words and binds its handler. */
export type Define = (command: Command, run: Run) => void

export interface CallOptions {
  readonly json?: boolean
  readonly url?: string
}

export function newCall(
  terminal: Terminal,
  local: LocalCommands,
  version: string,
  commands: readonly CommandName[],
  options: CallOptions,
): Call {
  const json = options.json === true
  const agent = `breakglass/${version} (${process.platform})`
  return {
    terminal,
    local,
    json,
    version,
    commands,
    get url() {
      return serverUrl(options.url, terminal.env)
    },
    client() {
      const url = serverUrl(options.url, terminal.env)
      const token = terminal.env['BREAKGLASS_TOKEN'] ?? readProfile(url, terminal.env)?.token
      if (token === undefined)
        throw new Fault('identity.unauthenticated', `You are not signed in to ${url}.`, {
          next: 'Run `breakglass login`.',
        })
      return createClient({ url, token, agent })
    },
    stranger: () => createClient({ url: serverUrl(options.url, terminal.env), agent }),
    answer(value, lines) {
      if (json) terminal.out(JSON.stringify(value, null, 2))
      else for (const line of lines()) terminal.out(line)
    },
  }
}
