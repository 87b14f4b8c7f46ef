import type { ConnectionSheet } from '../../client/answers.ts'
import type { Client } from '../../client/client.ts'
import { pinnedCa } from '../../client/profile.ts'
import type { Call } from '../call.ts'
import { FOREIGN_LIBPQ, libpqEnvironment, shellLines } from './libpq.ts'
import type { NativeClient } from './native-client.ts'

/** psql, and whatever else reads libpq's variables. */
export const postgres: NativeClient = {
  program: 'psql',
  async prepare(call, client, grant, args) {
    const sheet = await client.post<ConnectionSheet>(`/v1/grants/${grant.id}/credential`)
    const own = Object.entries(call.terminal.env).filter(([name]) => !FOREIGN_LIBPQ.includes(name))
    const [first, ...rest] = args
    const named = first !== undefined && !first.startsWith('-')
    return {
      program: named ? first : 'psql',
      args: named ? rest : args,
      env: { ...Object.fromEntries(own), ...environment(call, client, sheet) },
      install: 'Install the PostgreSQL client, or name another one after --.',
    }
  },
  describe(call, client, sheet) {
    const lines = shellLines(environment(call, client, sheet)).map(line => `  ${line}`)
    const ca_file = pinnedCa(client.url, sheet.ca, call.terminal.env)
    return {
      lines: [
        `  host ${sheet.host}  port ${sheet.port}  database ${sheet.database ?? ''}`,
        `  user ${sheet.login}  password ${sheet.secret}`,
        `  sslmode verify-full  sslrootcert ${ca_file}`,
        'or in this shell:',
        ...lines,
        '  psql',
      ],
      facts: { ca_file },
    }
  },
}

function environment(call: Call, client: Client, sheet: ConnectionSheet): Readonly<Record<string, string>> {
  return libpqEnvironment(sheet, pinnedCa(client.url, sheet.ca, call.terminal.env))
}
