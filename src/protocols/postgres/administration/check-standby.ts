import type { CheckLine } from '../../../target/protocol.ts'
import { must, should, type Ask } from './check-line.ts'
import type { PostgresSettings } from './settings.ts'

/**
 * Where roles are made: here, or at the primary of a standby. `writer` is undefined when it cannot be reached or is not the primary
 * of this server; `connect` asks the configured primary.
 */
export async function checkStandby(
  here: Ask,
  settings: PostgresSettings,
  connect: (primary: NonNullable<PostgresSettings['primary']>) => Promise<Ask>,
): Promise<{ lines: readonly CheckLine[]; writer: Ask | undefined }> {
  const { primary, address, dormant } = { ...settings, address: `${settings.host}:${settings.port}` }
  const [state] = await here<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby')
  if (!state?.standby) {
    const was = `${address} is no standby (any more): logins are made here, \`primary\` is not used`
    return { lines: primary ? [{ ok: true, level: 'info', what: was }] : [], writer: here }
  }
  if (!primary) {
    const next = 'Name the server its roles are made at: `primary: host:port`.'
    return {
      lines: [must(false, `${address} is a standby: no login can be made there`, next)],
      writer: undefined,
    }
  }
  const at = `${primary.host}:${primary.port}`
  const meanwhile =
    dormant === 0
      ? 'No grant can begin until it is back; `dormant: 2` would keep sealed logins for such a day.'
      : 'Until it is back, grants wake dormant logins.'
  try {
    const writer = await connect(primary)
    const same = `SELECT system_identifier::text AS id FROM pg_control_system()`
    const [[mine], [its], [itself]] = [
      await here<{ id: string }>(same),
      await writer<{ id: string }>(same),
      await writer<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby'),
    ]
    if (mine?.id !== its?.id)
      return {
        lines: [must(false, `${address} is no standby of ${at}: another cluster`, 'Correct `primary`.')],
        writer: undefined,
      }
    if (itself?.standby)
      return {
        lines: [must(false, `the primary ${at} is a standby itself`, 'Correct `primary`.')],
        writer: undefined,
      }
    return { lines: [await lag(here, writer, address, at)], writer }
  } catch (cause) {
    const what = `no connection to the primary ${at}: ${(cause as Error).message}`
    return { lines: [must(false, what, meanwhile)], writer: undefined }
  }
}

async function lag(here: Ask, writer: Ask, address: string, at: string): Promise<CheckLine> {
  const [sent] = await writer<{ lsn: string }>('SELECT pg_current_wal_flush_lsn()::text AS lsn')
  const [seen] = await here<{ behind: string | null }>(
    'SELECT greatest($1::pg_lsn - pg_last_wal_replay_lsn(), 0)::text AS behind',
    [sent?.lsn],
  )
  const behind = Number(seen?.behind ?? Number.NaN)
  return should(
    behind < 16 << 20,
    `${address} is a standby of ${at}, ${behind} bytes behind`,
    'A login made at the primary is waited for at most ten seconds.',
  )
}
