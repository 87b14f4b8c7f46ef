/** Runs one statement at the target and gives its rows. */
export type Ask = <Row extends object>(sql: string, values: readonly unknown[]) => Promise<Row[]>

/** A column of a relation that may have masked ones. */
export interface ColumnRow {
  readonly oid: string
  readonly schema: string
  readonly relation: string
  readonly kind: string
  readonly number: number
  readonly column: string
  readonly generated: boolean
  /** A type of the string category, also below a domain. */
  readonly text: boolean
}

/** A depends on B: of two columns of a table that one is generated from the other, of two tables that one inherits from the other. */
export interface Related {
  readonly one: string
  readonly other: string
}

const RELATIONS = `c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_toast'`

/** Numbers of relations that have a column of one of these names, and the largest number of any relation. */
export async function relationsWith(
  ask: Ask,
  columns: readonly string[],
): Promise<{ readonly oids: readonly string[]; readonly newest: number }> {
  const [row] = await ask<{ oids: string[]; newest: string }>(
    `SELECT (SELECT max(oid::int8) FROM pg_catalog.pg_class)::text AS newest, ARRAY(
       SELECT DISTINCT c.oid::text FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY ($1) AND ${RELATIONS}) AS oids`,
    [columns],
  )
  return { oids: row?.oids ?? [], newest: Number(row?.newest ?? 0) }
}

/** Everything tied to these relations: ancestors and descendants by inheritance, and views over any of them, all the way. */
export async function family(ask: Ask, oids: readonly string[]): Promise<readonly string[]> {
  const rows = await ask<{ oid: string }>(
    `WITH RECURSIVE edges(one, other) AS (
       SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits
       UNION ALL SELECT inhparent, inhrelid FROM pg_catalog.pg_inherits
       UNION ALL SELECT d.refobjid, r.ev_class FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid
         WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
           AND r.rulename = '_RETURN' AND d.refobjid <> r.ev_class),
     all_of(oid) AS (SELECT unnest($1::oid[]) UNION SELECT e.other FROM edges e JOIN all_of a ON a.oid = e.one)
     SELECT oid::text FROM all_of`,
    [oids],
  )
  return rows.map(row => row.oid)
}

export function columnsOf(ask: Ask, oids: readonly string[]): Promise<readonly ColumnRow[]> {
  return ask<ColumnRow>(
    `SELECT c.oid::text, n.nspname::text AS schema, c.relname::text AS relation, c.relkind::text AS kind, a.attnum::int4 AS number,
       a.attname::text AS column, a.attgenerated <> '' AS generated, coalesce(b.typcategory, t.typcategory) = 'S' AS text
     FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_catalog.pg_type t ON t.oid = a.atttypid LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
     WHERE c.oid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped AND ${RELATIONS}
     ORDER BY c.oid, a.attnum`,
    [oids],
  )
}

/** Pairs of relations of which one inherits from the other. */
export function inheritance(ask: Ask, oids: readonly string[]): Promise<readonly Related[]> {
  return ask<Related>(
    `SELECT inhrelid::text AS one, inhparent::text AS other FROM pg_catalog.pg_inherits WHERE inhrelid = ANY ($1::oid[])`,
    [oids],
  )
}

/** Generated columns (`one`) and what they are made from (`other`), as `oid.number`. Which of two entries holds it depends on the version. */
export function generated(ask: Ask, oids: readonly string[]): Promise<readonly Related[]> {
  return ask<Related>(
    `SELECT g.adrelid || '.' || g.adnum AS one, d.refobjid || '.' || d.refobjsubid AS other
     FROM pg_catalog.pg_attrdef g
     JOIN pg_catalog.pg_attribute a ON a.attrelid = g.adrelid AND a.attnum = g.adnum AND a.attgenerated <> ''
     JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = g.adrelid AND
       (d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = g.oid OR
        d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = g.adrelid AND d.objsubid = g.adnum)
     WHERE d.refobjsubid > 0 AND d.refobjsubid <> g.adnum AND g.adrelid = ANY ($1::oid[])`,
    [oids],
  )
}

/** Definitions of those that are views, materialized or not. */
export function definitions(
  ask: Ask,
  oids: readonly string[],
): Promise<readonly { oid: string; text: string }[]> {
  return ask<{ oid: string; text: string }>(
    `SELECT oid::text, pg_catalog.pg_get_viewdef(oid) AS text FROM pg_catalog.pg_class
     WHERE oid = ANY ($1::oid[]) AND relkind IN ('v', 'm')`,
    [oids],
  )
}

/** Names of functions and aggregates that can be called with nothing but one row of a table. */
export async function rowFunctions(ask: Ask): Promise<ReadonlySet<string>> {
  const rows = await ask<{ name: string }>(
    `SELECT DISTINCT p.proname::text AS name FROM pg_catalog.pg_proc p
     JOIN pg_catalog.pg_type t ON t.oid = p.proargtypes[0]
     WHERE p.pronargs - p.pronargdefaults <= 1 AND (t.typtype = 'c' OR t.typname IN
       ('record', 'any', 'anyelement', 'anynonarray', 'anycompatible', 'anycompatiblenonarray'))`,
    [],
  )
  return new Set(rows.map(row => row.name))
}
