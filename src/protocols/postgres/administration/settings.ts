import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { Fault } from '../../../kernel/faults.ts'
import type { Target } from '../../../kernel/target.ts'

/** A secret as configuration holds it: read when it is used, never printed. */
interface ReadableSecret {
  read(): string
}

const identifier = z
  .string()
  .min(1)
  .refine(text => Buffer.byteLength(text) <= 63, 'at most 63 bytes')
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is refused
  .refine(text => !/[\u0000-\u001f\u007f]/.test(text), 'no control characters')

const fields = z.strictObject({
  database: identifier.optional(),
  /** Instead of `database`: those a person may choose from in their client; the first is the default. */
  databases: z.array(identifier).min(1).optional(),
  login: z.strictObject({
    user: identifier,
    password: z.union([z.string(), z.custom<ReadableSecret>(isReadable)], {
      error: 'a secret: { env: NAME } or { file: PATH }',
    }),
  }),
  tls: z.enum(['disable', 'require', 'verify-full']).default('verify-full'),
  ca: z.string().min(1).optional(),
  /** `direct`: TLS from the first byte (PostgreSQL 17), which saves a round trip and passes proxies that look for SNI. */
  tls_negotiation: z.enum(['postgres', 'direct']).default('postgres'),
  /** Connections one grant may have open at the target (CONNECTION LIMIT of its login). */
  connections: z.int().min(1).max(10_000).default(32),
  /** Of a standby: where its roles are made. The same login, TLS and databases as here. */
  primary: z.string().min(1).optional(),
  /** Logins per scope that wait, sealed, for the day none can be made: as many grants can then be in at once. */
  dormant: z.int().min(0).max(16).default(0),
})

const schema = fields
  .refine(({ database, databases }) => (database === undefined) !== (databases === undefined), {
    path: ['database'],
    error: 'a target has either `database` or `databases`',
  })
  .refine(({ databases = [] }) => new Set(databases).size === databases.length, {
    path: ['databases'],
    error: 'names a database twice',
  })
  .refine(({ tls, tls_negotiation }) => tls !== 'disable' || tls_negotiation === 'postgres', {
    path: ['tls_negotiation'],
    error: 'direct TLS with `tls: disable`',
  })

export interface Address {
  readonly host: string
  readonly port: number
}

export interface PostgresSettings extends Address {
  /** The target's name, for what people read. */
  readonly target: string
  /** At least one; the first is where a client goes that names none. */
  readonly databases: readonly [string, ...string[]]
  readonly user: string
  readonly tls: 'disable' | 'require' | 'verify-full'
  readonly tlsNegotiation: 'postgres' | 'direct'
  readonly connections: number
  readonly primary: Address | undefined
  readonly dormant: number
  /** Read at each use. Fault `config.invalid` when the secret is not there. */
  password(): string
  /** PEM of the authority for `verify-full`; undefined means the system's. Fault `config.invalid` when it cannot be read. */
  authority(): string | undefined
}

/** The protocol's own fields of a target. Fault `config.invalid` names the first field that does not fit. */
export function readSettings(target: Target): PostgresSettings {
  const parsed = schema.safeParse(target.settings)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const field = [...(issue?.path ?? [])].join('.')
    const at = field === '' ? `targets.${target.name}` : `targets.${target.name}.${field}`
    throw new Fault('config.invalid', `${at}: ${issue?.message ?? 'does not fit'}`, {
      next: 'A postgres target has database (or databases), login { user, password }, and optionally tls, ca, tls_negotiation, connections, primary and dormant.',
    })
  }
  const {
    database = '',
    databases = [],
    login,
    tls,
    ca,
    tls_negotiation,
    connections,
    primary,
    dormant,
  } = parsed.data
  const [first = database, ...others] = databases
  const { host, port } = parseAddress(target.address, `targets.${target.name}.address`)
  return {
    target: target.name,
    host,
    port,
    databases: [first, ...others],
    user: login.user,
    tls,
    tlsNegotiation: tls_negotiation,
    connections,
    primary: primary === undefined ? undefined : parseAddress(primary, `targets.${target.name}.primary`),
    dormant,
    password: () => (typeof login.password === 'string' ? login.password : login.password.read()),
    authority: () => (ca === undefined ? undefined : readAuthority(ca, target.name)),
  }
}

function isReadable(value: unknown): value is ReadableSecret {
  return typeof value === 'object' && value !== null && 'read' in value && typeof value.read === 'function'
}

function parseAddress(address: string, at: string): Address {
  const found = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address)
  const port = Number(found?.[3] ?? 0)
  if (!found || port < 1 || port > 65_535) {
    throw new Fault('config.invalid', `${at}: not of the form host:port`, {
      next: 'Write db1.internal:5432.',
    })
  }
  return { host: found[1] ?? found[2] ?? '', port }
}

function readAuthority(ca: string, target: string): string {
  if (ca.includes('-----BEGIN')) return ca
  try {
    return readFileSync(ca, 'utf8')
  } catch (cause) {
    throw new Fault('config.invalid', `targets.${target}.ca: the file cannot be read`, {
      next: `Put the PEM of the target's authority at ${ca}, or into the configuration.`,
      cause,
    })
  }
}
