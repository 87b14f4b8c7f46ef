import type { Scope, Target } from '../../../kernel/target.ts'
import { dormantComment, dormantOf } from './dormant.ts'
import { identifier, literal } from './quote.ts'
import { scopeGrants, scopeRole, type HiddenColumn, type RelationGrant } from './scope-role.ts'
import { readSettings } from './settings.ts'

/**
 * The SQL that a target's owner (a superuser, or the owner of what is granted) runs once, and again after each change of
 * the scopes: it brings the roles to exactly what is configured. Pure text: nothing is asked of the target; where versions
 * differ, the text decides at the target. For several databases it is a script for psql, which changes the database.
 */
export function planSql(target: Target): string {
  const { user, databases, primary } = readSettings(target)
  const scopes = Object.entries(target.scopes)
  const [first, ...others] = databases
  const several = others.length > 0
  return [
    `-- breakglass: roles for the target ${comment(target.name)}. Run it ${several ? 'with psql' : `in the database ${comment(first)}`} as a superuser${primary === undefined ? '' : `, at the primary ${primary.host}:${primary.port}`}.`,
    '-- Safe to run again; do so after every change of the scopes and after creating tables that a scope should reach.',
    ...(several ? [`\\connect ${connectTo(first)}`] : []),
    'SET standard_conforming_strings = on;',
    'BEGIN;',
    '',
    '-- The login breakglass acts with: it makes and ends short-lived logins and can do nothing else here.',
    `-- Set its password yourself: \\password ${comment(user)}`,
    createRole(user, 'LOGIN NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS'),
    `ALTER ROLE ${identifier(user)} LOGIN CREATEROLE;`,
    `GRANT pg_signal_backend TO ${identifier(user)};`,
    '-- From 16 on: it and its logins may use the slots that `reserved_connections` keeps; what it makes gives it no rights.',
    ownLoginSql(user),
    ...scopes.flatMap(([name, scope]) => ['', ...scopeSql(target, name, scope, user, databases)]),
    ...dormantSql(target, user),
    ...databases.flatMap((database, index) => [
      ...(index === 0
        ? []
        : [
            '',
            'COMMIT;',
            `\\connect ${connectTo(database)}`,
            'SET standard_conforming_strings = on;',
            'BEGIN;',
          ]),
      ...scopes.flatMap(([name, scope]) => ['', ...privilegesSql(target, name, scope, database, several)]),
    ]),
    '',
    'COMMIT;',
    '',
  ].join('\n')
}

/** Since 16 a role is administered by whom it was granted to WITH ADMIN; before, CREATEROLE alone is enough. */
const SINCE_16 = `pg_catalog.current_setting('server_version_num')::int >= 160000`

function ownLoginSql(user: string): string {
  return doBlock(
    'BEGIN',
    `  IF ${SINCE_16} THEN`,
    `    EXECUTE pg_catalog.format('GRANT pg_use_reserved_connections TO %I WITH ADMIN TRUE, INHERIT TRUE, SET FALSE', ${literal(user)});`,
    `    EXECUTE pg_catalog.format('ALTER ROLE %I SET createrole_self_grant = %L', ${literal(user)}, '');`,
    '  END IF;',
    'END',
  )
}

/** The login may hand the role on and has none of its rights itself. */
function administerSql(role: string, user: string): string {
  return doBlock(
    'BEGIN',
    `  IF ${SINCE_16} THEN`,
    `    EXECUTE pg_catalog.format('${ADMINISTER}', ${literal(role)}, ${literal(user)});`,
    '  ELSIF EXISTS (SELECT FROM pg_catalog.pg_auth_members m',
    `    WHERE m.roleid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ${literal(role)})`,
    `      AND m.member = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ${literal(user)})) THEN`,
    `    EXECUTE pg_catalog.format('REVOKE %I FROM %I', ${literal(role)}, ${literal(user)});`,
    '  END IF;',
    'END',
  )
}

const ADMINISTER = 'GRANT %I TO %I WITH ADMIN TRUE, INHERIT FALSE, SET FALSE'

/** The same as one line, for whoever reads what `check` found. */
export function administerLine(role: string, user: string): string {
  return `${ADMINISTER.replace('%I', () => identifier(role)).replace('%I', () => identifier(user))};`
}

function scopeSql(
  target: Target,
  name: string,
  scope: Scope,
  user: string,
  databases: readonly string[],
): string[] {
  const role = scopeRole(target, name)
  const admin = administerSql(role, user)
  if (scope.as !== undefined) {
    return [`-- Scope ${comment(name)}: the existing role ${comment(role)}, as it is.`, admin]
  }
  return [
    `-- Scope ${comment(name)}.`,
    createRole(role, 'NOLOGIN'),
    `ALTER ROLE ${identifier(role)} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;`,
    `COMMENT ON ROLE ${identifier(role)} IS ${literal(`breakglass scope ${name} of ${target.name}`)};`,
    admin,
    ...databases.map(database => `GRANT CONNECT ON DATABASE ${identifier(database)} TO ${identifier(role)};`),
  ]
}

/** They can do nothing until breakglass gives them a password, which it keeps sealed and changes after each use. */
function dormantSql(target: Target, user: string): string[] {
  const { connections } = readSettings(target)
  return dormantOf(target).flatMap(({ name, scope }) => {
    const role = identifier(name)
    const scoped = scopeRole(target, scope)
    return [
      '',
      `-- Dormant login of scope ${comment(scope)}, for the day no login can be made.`,
      createRole(name, 'LOGIN'),
      `ALTER ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT ${connections};`,
      `GRANT ${identifier(scoped)} TO ${role};`,
      `ALTER ROLE ${role} SET role = ${literal(scoped)};`,
      `COMMENT ON ROLE ${role} IS ${literal(dormantComment(target))};`,
      administerSql(name, user),
      doBlock(
        'BEGIN',
        `  IF ${SINCE_16} THEN`,
        `    EXECUTE pg_catalog.format('GRANT pg_use_reserved_connections TO %I WITH INHERIT TRUE, SET FALSE', ${literal(name)});`,
        '  END IF;',
        'END',
      ),
    ]
  })
}

function privilegesSql(
  target: Target,
  name: string,
  scope: Scope,
  database: string,
  several: boolean,
): string[] {
  if (scope.as !== undefined) return []
  const role = scopeRole(target, name)
  const { grants, hidden } = scopeGrants(target, name, scope)
  const here = (part: { readonly database: string }): boolean =>
    part.database === '*' || part.database === database
  return [
    `-- Scope ${comment(name)}${several ? ` in ${comment(database)}` : ''}: what the role had on tables before goes, then it gets what is configured.`,
    revokeAll(role),
    ...grants.filter(here).map(grant => grantSql(role, grant, hidden.filter(here))),
  ]
}

/** As psql reads an argument: in double quotes; a name that could be taken for a connection string is put into one. */
function connectTo(database: string): string {
  if (/^[\w.$-]+$/.test(database)) return `"${database}"`
  const name = `dbname='${database.replaceAll(/['\\]/g, '\\$&')}'`
  return `-reuse-previous=on "${name.replaceAll('"', '""')}"`
}

function createRole(role: string, attributes: string): string {
  return doBlock(
    'BEGIN',
    `  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${literal(role)}) THEN`,
    `    CREATE ROLE ${identifier(role)} ${attributes};`,
    '  END IF;',
    'END',
  )
}

function revokeAll(role: string): string {
  const revoke = (what: string) =>
    `    EXECUTE pg_catalog.format('REVOKE ALL ON ${what} %I FROM %I', one.nspname, ${literal(role)});`
  return doBlock(
    'DECLARE one record; BEGIN',
    `  FOR one IN SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP`,
    revoke('ALL TABLES IN SCHEMA'),
    revoke('ALL SEQUENCES IN SCHEMA'),
    revoke('SCHEMA'),
    '  END LOOP;',
    'END',
  )
}

/** Dollar-quoted with a tag that no name inside can end. */
function doBlock(...lines: readonly string[]): string {
  const body = lines.join('\n')
  let tag = 'plan'
  while (body.includes(`$${tag}$`)) tag += '_'
  return `DO $${tag}$\n${body}\n$${tag}$;`
}

/**
 * Relations and columns are looked up when the plan runs. SELECT on a table with hidden columns becomes SELECT on each of the
 * others, so the target itself refuses the hidden ones. INSERT brings the sequences that the table's columns own.
 */
function grantSql(role: string, grant: RelationGrant, hidden: readonly HiddenColumn[]): string {
  const others = grant.allow.filter(word => word !== 'select').map(word => word.toUpperCase())
  const select = grant.allow.includes('select')
  const lines = [
    'DECLARE one record; columns text; BEGIN',
    `  IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = ${literal(grant.schema)}) THEN RETURN; END IF;`,
    `  EXECUTE pg_catalog.format('GRANT USAGE ON SCHEMA %I TO %I', ${literal(grant.schema)}, ${literal(role)});`,
    `  FOR one IN SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`,
    `    WHERE n.nspname = ${literal(grant.schema)} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')${grant.relation === '*' ? '' : ` AND c.relname = ${literal(grant.relation)}`} LOOP`,
  ]
  if (others.length > 0) {
    lines.push(
      `    EXECUTE pg_catalog.format('GRANT ${others.join(', ')} ON %I.%I TO %I', one.nspname, one.relname, ${literal(role)});`,
    )
  }
  if (select) lines.push(...selectLines(role, hidden))
  if (grant.allow.includes('insert')) lines.push(...sequenceLines(role))
  return doBlock(...lines, '  END LOOP;', 'END')
}

function selectLines(role: string, hidden: readonly HiddenColumn[]): string[] {
  const whole = `EXECUTE pg_catalog.format('GRANT SELECT ON %I.%I TO %I', one.nspname, one.relname, ${literal(role)});`
  if (hidden.length === 0) return [`    ${whole}`]
  const isHidden = hidden.map(hiddenCondition).join(' OR ')
  return [
    `    IF EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = one.oid AND a.attnum > 0 AND NOT a.attisdropped AND (${isHidden})) THEN`,
    `      SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns`,
    `        FROM pg_catalog.pg_attribute a WHERE a.attrelid = one.oid AND a.attnum > 0 AND NOT a.attisdropped AND NOT (${isHidden});`,
    `      IF columns IS NOT NULL THEN`,
    `        EXECUTE pg_catalog.format('GRANT SELECT (%s) ON %I.%I TO %I', columns, one.nspname, one.relname, ${literal(role)});`,
    `      END IF;`,
    `    ELSE`,
    `      ${whole}`,
    `    END IF;`,
  ]
}

function hiddenCondition({ schema, relation, column }: HiddenColumn): string {
  const parts = [
    schema === '*' ? '' : `one.nspname = ${literal(schema)}`,
    relation === '*' ? '' : `one.relname = ${literal(relation)}`,
    column === '*' ? '' : `a.attname = ${literal(column)}`,
  ].filter(part => part !== '')
  return parts.length === 0 ? 'true' : `(${parts.join(' AND ')})`
}

function sequenceLines(role: string): string[] {
  return [
    `    SELECT pg_catalog.string_agg(pg_catalog.format('GRANT USAGE ON SEQUENCE %s TO %I', d.objid::regclass, ${literal(role)}), '; ') INTO columns`,
    `      FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'`,
    `      WHERE d.refobjid = one.oid AND d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i');`,
    `    IF columns IS NOT NULL THEN EXECUTE columns; END IF;`,
  ]
}

/** A name inside a comment must not end the comment's line. */
function comment(name: string): string {
  // oxlint-disable-next-line no-control-regex -- line breaks are exactly what must not get through
  return JSON.stringify(name.replaceAll(/[\u0000-\u001f\u2028\u2029]/g, ' ')).slice(1, -1)
}
