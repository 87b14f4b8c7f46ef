/** One thing a scope can refuse. Absolute rules hold for every session without being listed (requirement 13). */
export interface RefuseRule {
  readonly absolute: boolean
  /** Continues "refuses …" in help texts and in the guardrail matrix. */
  readonly refuses: string
  /** The way out, one sentence, told to the person who was refused. */
  readonly next: string
}

const RULES = {
  // Absolute: the gateway could no longer say who acts, what a text means, or that the end of a grant is the end.
  unparsable: {
    absolute: true,
    refuses: 'text that the PostgreSQL 18 grammar does not accept',
    next: 'Correct the statement; a text that cannot be read cannot be judged.',
  },
  too_complex: {
    absolute: true,
    refuses: 'text that is too long, too deep or too slow to read',
    next: 'Split the statement into smaller ones, or load the rows with COPY FROM STDIN.',
  },
  set_role: {
    absolute: true,
    refuses: 'SET ROLE, SET SESSION AUTHORIZATION, their RESET, and every other way to become somebody else',
    next: 'Stay in the role of the grant, or ask for a grant in the other scope.',
  },
  pinned_settings: {
    absolute: true,
    refuses: 'changes of standard_conforming_strings and client_encoding, which decide how text is read',
    next: 'Leave standard_conforming_strings on and client_encoding UTF8, and name settings literally.',
  },
  two_phase: {
    absolute: true,
    refuses: 'PREPARE TRANSACTION, COMMIT PREPARED and ROLLBACK PREPARED: they outlive the grant',
    next: 'Use COMMIT or ROLLBACK within this session.',
  },
  copy_program: {
    absolute: true,
    refuses: 'COPY … PROGRAM, which runs a program on the server',
    next: 'Use COPY … FROM STDIN or TO STDOUT (\\copy in psql).',
  },
  server_files: {
    absolute: true,
    refuses:
      'reading and writing files of the server: COPY with a file, lo_import, pg_read_file and the like',
    next: 'Use COPY … FROM STDIN or TO STDOUT (\\copy in psql), which use files on your side.',
  },
  server_code: {
    absolute: true,
    refuses:
      'native code on the server: LOAD, functions in C or an untrusted language, settings that run a program',
    next: 'Have the owner of the server install it; SQL and PL/pgSQL need none of this.',
  },
  outside_connections: {
    absolute: true,
    refuses:
      'connections from the server to elsewhere: dblink, subscriptions, IMPORT FOREIGN SCHEMA, HTTP functions',
    next: 'Open a grant for the other system and connect to it directly.',
  },
  hidden_sql: {
    absolute: true,
    refuses: 'built-in functions that run SQL handed to them as text, such as query_to_xml and ts_stat',
    next: 'Send the inner statement itself.',
  },
  roles: {
    absolute: true,
    refuses: 'CREATE, ALTER and DROP ROLE and GRANT of a role: they would outlive the grant',
    next: 'Have the owner of the database change roles outside of emergency access.',
  },
  system_catalogs: {
    absolute: true,
    refuses: 'writing to system catalogs, and to pg_settings, which changes settings',
    next: 'Use the statement made for it (ALTER, SET); name your own table with its schema.',
  },
  several_prepares: {
    absolute: true,
    refuses: 'more than one PREPARE in one message: which of them an EXECUTE means must stay certain',
    next: 'Send each PREPARE in a message of its own.',
  },
  // Optional: in force when a procedure names them in `scope.refuse`.
  ddl: {
    absolute: false,
    refuses: 'CREATE, ALTER, DROP, COMMENT, SELECT INTO and whatever else changes the schema',
    next: 'Ask for a scope that permits schema changes, or ship it as a migration.',
  },
  write_without_where: {
    absolute: false,
    refuses: 'UPDATE, DELETE and MERGE whose condition does not narrow the rows, and TRUNCATE',
    next: 'Add a WHERE that narrows the rows by a column.',
  },
  writes: {
    absolute: false,
    refuses: 'every statement known to change rows or state',
    next: 'Ask for a scope that permits writing.',
  },
  side_effect_functions: {
    absolute: false,
    refuses:
      'built-in functions that signal backends, steer replication, reset statistics or write large objects',
    next: 'Ask for a scope that permits these functions.',
  },
  unknown_functions: {
    absolute: false,
    refuses: 'CALL and functions that are not built into PostgreSQL: what they do cannot be seen',
    next: 'Write the statements out, or qualify a built-in with pg_catalog.',
  },
  do_blocks: {
    absolute: false,
    refuses: 'DO: a block is a program, its statements cannot be judged one by one',
    next: 'Send the statements of the block one by one.',
  },
  dcl: {
    absolute: false,
    refuses: 'GRANT and REVOKE of privileges, ALTER DEFAULT PRIVILEGES, ownership and security labels',
    next: 'Have the owner of the database change privileges outside of emergency access.',
  },
  server_settings: {
    absolute: false,
    refuses: 'ALTER SYSTEM and ALTER DATABASE … SET: they outlive the session',
    next: 'Use SET, which ends with your session.',
  },
  locks: {
    absolute: false,
    refuses: 'LOCK TABLE and advisory locks',
    next: 'Use SELECT … FOR UPDATE on the rows you need.',
  },
  maintenance: {
    absolute: false,
    refuses: 'VACUUM, ANALYZE, CLUSTER, REINDEX, REFRESH MATERIALIZED VIEW, CHECKPOINT',
    next: 'Ask for a scope that permits maintenance.',
  },
  copy_out: {
    absolute: false,
    refuses: 'COPY … TO STDOUT, as pg_dump uses it',
    next: 'Use SELECT with the rows you need.',
  },
  notifications: {
    absolute: false,
    refuses: 'LISTEN, UNLISTEN, NOTIFY and pg_notify',
    next: 'Ask for a scope that permits notifications.',
  },
} as const satisfies Readonly<Record<string, RefuseRule>>

export type RuleName = keyof typeof RULES

export const REFUSE_RULES: Readonly<Record<RuleName, RefuseRule>> = RULES

/** Every name that `scope.refuse` may hold; absolute ones may be named too, which changes nothing. */
export const RULE_NAMES = Object.keys(RULES) as readonly RuleName[]

/** Recommended for `scope.refuse` where a procedure has no reason to permit more. */
export const DEFAULT_REFUSE: readonly RuleName[] = [
  'ddl',
  'write_without_where',
  'side_effect_functions',
  'do_blocks',
  'dcl',
  'server_settings',
]
