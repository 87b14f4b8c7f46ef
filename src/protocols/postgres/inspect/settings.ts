import type { Found } from './facts.ts'
import { constantText, listAt, textAt, type Node } from './tree.ts'

/**
 * Settings that decide how the server reads text. `dial` puts them into the startup packet at these values, which makes
 * them the session's reset values: RESET, SET … TO DEFAULT, RESET ALL and DISCARD ALL lead back to the pin and are let through.
 * The values accept what PostgreSQL takes as the same thing.
 */
const PINNED: Readonly<Record<string, (value: string) => boolean>> = {
  standard_conforming_strings: value => /^(on|tr?u?e?|y|ye|yes|1)$/i.test(value),
  client_encoding: value => ['utf8', 'unicode'].includes(value.toLowerCase().replaceAll(/[^a-z0-9]/g, '')),
}

const IDENTITY = new Set(['role', 'session_authorization'])

/** Settings with which whoever may write the server's configuration makes it run programs or load libraries. */
const RUNS_CODE =
  /^(archive_command|archive_library|archive_cleanup_command|restore_command|recovery_end_command|ssl_passphrase_command|dynamic_library_path|extension_control_path|jit_provider|oauth_validator_libraries|(shared|session|local)_preload_libraries)$/

/**
 * SET and RESET in every place the grammar allows them, also within ALTER … SET and CREATE FUNCTION … SET. Names of settings
 * are compared without regard to case, quoted or not, as guc_name_compare does.
 */
export function settingFinding(statement: Node): Found | undefined {
  const name = textAt(statement, 'name').toLowerCase()
  const kind = textAt(statement, 'kind')
  if (IDENTITY.has(name))
    return { rule: 'set_role', what: `${kind === 'VAR_RESET' ? 'resets' : 'sets'} ${name}` }
  if (kind !== 'VAR_SET_VALUE') return undefined
  const values = listAt(statement, 'args').map(constantText)
  return pinFinding(name, values.length === 1 ? values[0] : undefined)
}

/** ALTER SYSTEM, on top of what holds for every setting. */
export function serverSettingFinding(statement: Node): Found | undefined {
  if (!RUNS_CODE.test(textAt(statement, 'name').toLowerCase())) return undefined
  return {
    rule: 'server_code',
    what: 'changes a setting that makes the server run a program or load a library',
  }
}

/**
 * pg_dump since 15.8 sets restrict_nonsystem_relation_kind where the server has it, by a name it selects from pg_settings. The
 * value is no boolean, no encoding and no role anybody has: whatever the name turns out to be, no pin moves.
 */
const OF_PG_DUMP = 'view, foreign-table'

/** `set_config(name, value, local)`; a name or pinned value that is computed cannot be judged and counts as the worst. */
export function setConfigFinding(args: readonly Node[]): Found | undefined {
  const name = constantText(args[0])?.toLowerCase()
  if (name === undefined && args.length === 3 && constantText(args[1]) === OF_PG_DUMP) return undefined
  if (name === undefined) return { rule: 'pinned_settings', what: 'set_config with a computed name' }
  if (IDENTITY.has(name)) return { rule: 'set_role', what: `sets ${name} by set_config` }
  return pinFinding(name, constantText(args[1]))
}

function pinFinding(name: string, value: string | undefined): Found | undefined {
  const isPin = Object.hasOwn(PINNED, name) ? PINNED[name] : undefined
  if (!isPin || (value !== undefined && isPin(value))) return undefined
  return { rule: 'pinned_settings', what: `changes ${name}` }
}
