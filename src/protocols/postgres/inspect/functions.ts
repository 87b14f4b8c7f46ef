import type { RuleName } from './refuse-rules.ts'

/** What calling a function does beyond computing a value. */
export interface FunctionEffect {
  /** The rule that may object; undefined when the effect is ordinary work, such as `nextval`. */
  readonly rule: RuleName | undefined
  readonly what: string
  readonly writes: boolean
}

interface Group extends FunctionEffect {
  readonly names: string
}

/** Built into PostgreSQL 15 to 18: found in pg_catalog, whatever else carries the name in another schema is not meant. */
const BUILT_IN: readonly Group[] = [
  {
    // The listings of fixed folders (pg_ls_waldir, pg_ls_logdir, …) are not here: names and sizes, given to pg_monitor, and
    // what one needs when the disk is full.
    rule: 'server_files',
    what: 'calls a function that reads or writes files of the server',
    writes: true,
    names: `pg_read_file pg_read_binary_file pg_read_file_old pg_stat_file pg_ls_dir pg_hba_file_rules pg_ident_file_mappings
      pg_show_all_file_settings lo_import lo_export`,
  },
  {
    rule: 'outside_connections',
    what: 'calls a function that connects to another server',
    writes: true,
    names: 'pg_sync_replication_slots',
  },
  {
    // The inner text never passes the parser: it can hold set_config, and with it change how the next message is read.
    rule: 'hidden_sql',
    what: 'calls a function that runs SQL given as text',
    writes: true,
    names: 'query_to_xml query_to_xmlschema query_to_xml_and_xmlschema ts_stat',
  },
  {
    rule: 'side_effect_functions',
    what: 'calls a function that signals or steers the server',
    writes: true,
    names: `pg_terminate_backend pg_cancel_backend pg_reload_conf pg_rotate_logfile pg_rotate_logfile_old pg_log_backend_memory_contexts pg_promote
      pg_wal_replay_pause pg_wal_replay_resume pg_switch_wal pg_create_restore_point pg_log_standby_snapshot pg_backup_start
      pg_backup_stop pg_stop_making_pinned_objects pg_extension_config_dump pg_import_system_collations
      pg_nextoid binary_upgrade_add_sub_rel_state binary_upgrade_create_empty_extension binary_upgrade_logical_slot_has_caught_up
      binary_upgrade_replorigin_advance binary_upgrade_set_missing_value binary_upgrade_set_next_array_pg_type_oid
      binary_upgrade_set_next_heap_pg_class_oid binary_upgrade_set_next_heap_relfilenode
      binary_upgrade_set_next_index_pg_class_oid binary_upgrade_set_next_index_relfilenode
      binary_upgrade_set_next_multirange_array_pg_type_oid binary_upgrade_set_next_multirange_pg_type_oid
      binary_upgrade_set_next_pg_authid_oid binary_upgrade_set_next_pg_enum_oid binary_upgrade_set_next_pg_tablespace_oid
      binary_upgrade_set_next_pg_type_oid binary_upgrade_set_next_toast_pg_class_oid
      binary_upgrade_set_next_toast_relfilenode binary_upgrade_set_record_init_privs`,
  },
  {
    rule: 'side_effect_functions',
    what: 'calls a function that changes replication',
    writes: true,
    names: `pg_create_physical_replication_slot pg_create_logical_replication_slot pg_copy_physical_replication_slot
      pg_copy_logical_replication_slot pg_drop_replication_slot pg_replication_slot_advance pg_logical_slot_get_changes
      pg_logical_slot_get_binary_changes pg_logical_slot_peek_changes pg_logical_slot_peek_binary_changes
      pg_logical_emit_message pg_replication_origin_create pg_replication_origin_drop pg_replication_origin_advance
      pg_replication_origin_session_setup pg_replication_origin_session_reset pg_replication_origin_xact_setup
      pg_replication_origin_xact_reset`,
  },
  {
    rule: 'side_effect_functions',
    what: 'calls a function that changes statistics',
    writes: true,
    names: `pg_stat_reset pg_stat_reset_shared pg_stat_reset_slru pg_stat_reset_replication_slot
      pg_stat_reset_subscription_stats pg_stat_reset_backend_stats pg_stat_reset_single_table_counters
      pg_stat_reset_single_function_counters pg_restore_relation_stats pg_restore_attribute_stats pg_clear_relation_stats
      pg_clear_attribute_stats`,
  },
  {
    rule: 'side_effect_functions',
    what: 'calls a function that writes a sequence or a large object',
    writes: true,
    names: 'setval lo_creat lo_create lo_from_bytea lo_put lo_truncate lo_truncate64 lo_unlink lowrite',
  },
  {
    rule: 'side_effect_functions',
    what: 'calls a function that returns whole tables in one value',
    writes: false,
    names: `table_to_xml table_to_xml_and_xmlschema schema_to_xml schema_to_xml_and_xmlschema database_to_xml
      database_to_xml_and_xmlschema`,
  },
  {
    rule: 'locks',
    what: 'takes or gives back an advisory lock',
    writes: false,
    names: `pg_advisory_lock pg_advisory_lock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock
      pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared pg_advisory_unlock
      pg_advisory_unlock_shared pg_advisory_unlock_all`,
  },
  {
    rule: 'maintenance',
    what: 'calls a function that maintains an index',
    writes: true,
    names: 'brin_summarize_new_values brin_summarize_range brin_desummarize_range gin_clean_pending_list',
  },
  { rule: 'notifications', what: 'sends a notification', writes: true, names: 'pg_notify' },
  { rule: undefined, what: 'advances a sequence', writes: true, names: 'nextval' },
]

/** Of extensions: they may be installed in any schema, so the schema does not matter. */
const OF_EXTENSIONS: readonly Group[] = [
  {
    rule: 'server_files',
    what: 'calls a function that reads or writes files of the server',
    writes: true,
    names: 'pg_file_write pg_file_sync pg_file_rename pg_file_unlink pg_file_read pg_logdir_ls get_raw_page',
  },
  {
    rule: 'outside_connections',
    what: 'calls a function that connects to another server',
    writes: true,
    names: `dblink dblink_connect dblink_connect_u dblink_open dblink_fetch dblink_close dblink_exec dblink_send_query
      dblink_get_result dblink_cancel_query http http_get http_post http_put http_patch http_delete http_head http_set_curlopt`,
  },
  {
    rule: 'hidden_sql',
    what: 'calls a function that runs SQL given as text',
    writes: true,
    names: 'crosstab crosstabn crosstab2 crosstab3 crosstab4 connectby xpath_table pg_background_launch',
  },
  {
    rule: 'side_effect_functions',
    what: 'calls a function that changes statistics',
    writes: true,
    names: 'pg_stat_statements_reset',
  },
]

/** Schemas that extensions make for themselves, whose every function does the same kind of thing. */
const OF_SCHEMAS: Readonly<Record<string, FunctionEffect>> = {
  net: {
    rule: 'outside_connections',
    what: 'calls a function that connects to another server',
    writes: true,
  },
  aws_s3: {
    rule: 'outside_connections',
    what: 'calls a function that connects to another server',
    writes: true,
  },
  aws_lambda: {
    rule: 'outside_connections',
    what: 'calls a function that connects to another server',
    writes: true,
  },
  cron: { rule: 'hidden_sql', what: 'schedules SQL that runs after the grant', writes: true },
}

const builtIn = index(BUILT_IN)
const ofExtensions = index(OF_EXTENSIONS)

/** Undefined: no effect known. `path`: the function's name as written, its schema before it. */
export function functionEffect(path: readonly string[]): FunctionEffect | undefined {
  const name = path.at(-1) ?? ''
  const schema = path.at(-2)
  const inCatalog = schema === undefined || schema === 'pg_catalog'
  return (
    (inCatalog ? builtIn.get(name) : undefined) ??
    ofExtensions.get(name) ??
    (schema !== undefined && Object.hasOwn(OF_SCHEMAS, schema) ? OF_SCHEMAS[schema] : undefined)
  )
}

/** For a name in the place of a field. `http` is left out: it takes a composite of its own, and columns have this name. */
export function fieldEffect(name: string): FunctionEffect | undefined {
  return name === 'http' ? undefined : functionEffect([name])
}

function index(groups: readonly Group[]): ReadonlyMap<string, FunctionEffect> {
  return new Map(groups.flatMap(group => group.names.split(/\s+/).map(name => [name, group] as const)))
}
