import type { ConnectionSheet } from '../../client/answers.ts'

/** The environment that makes libpq connect as the sheet says (PostgreSQL documentation, "Environment Variables"). */
export function libpqEnvironment(sheet: ConnectionSheet, caFile: string): Readonly<Record<string, string>> {
  return {
    PGHOST: sheet.host,
    PGPORT: String(sheet.port),
    PGUSER: sheet.login,
    PGPASSWORD: sheet.secret,
    ...(sheet.database !== undefined && { PGDATABASE: sheet.database }),
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: caFile,
  }
}

/** What the person's own environment must not decide: another server, another client key, a file of passwords. */
export const FOREIGN_LIBPQ: readonly string[] = [
  'PGHOSTADDR',
  'PGSERVICE',
  'PGSERVICEFILE',
  'PGPASSFILE',
  'PGSSLCERT',
  'PGSSLKEY',
  'PGOPTIONS',
  'PGREQUIREAUTH',
  'PGCHANNELBINDING',
  'PGGSSENCMODE',
  'PGSSLNEGOTIATION',
  'PGTARGETSESSIONATTRS',
]

/** Environment lines to paste; the secret is in them. */
export function shellLines(environment: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(environment).map(([name, value]) => `export ${name}=${quotedWord(value)}`)
}

/** One word of a POSIX shell, whatever is in it. */
export function quotedWord(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
