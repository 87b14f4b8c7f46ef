import { dirname, resolve, sep } from 'node:path'
import { parseDuration } from '../../kernel/duration.ts'
import type { Target } from '../../kernel/target.ts'
import type { Config, IncidentSourceConfig } from './config.ts'
import type { Finding } from './parse-config.ts'
import type { ConfigFile } from './schema.ts'
import { Secret, type SecretSource } from './secret.ts'
import { type Address, parseAddress, parseSize } from './units.ts'

const DEFAULT_LISTEN = { api: '127.0.0.1:7070', postgres: '127.0.0.1:7432' }
const DEFAULT_SSH = '127.0.0.1:7022'

/** Addresses by purpose, defaults filled in. SSH only where something speaks it: its keys are made with it. */
function listening({ listen, targets }: ConfigFile): Record<string, string> & typeof DEFAULT_LISTEN {
  const ssh = Object.values(targets).some(({ protocol }) => protocol === 'ssh')
  return { ...DEFAULT_LISTEN, ...(ssh && { ssh: DEFAULT_SSH }), ...listen }
}

/** What no schema can say: whether parts of the file agree with each other. Pure. */
export function crossCheck(written: ConfigFile, file: string): readonly Finding[] {
  const found: Finding[] = []
  const folder = dirname(file)
  const data = resolve(folder, written.data)
  const keys = resolve(folder, written.keys)
  if (keys === data || keys.startsWith(data + sep))
    found.push({
      path: ['keys'],
      message: 'lies inside `data`: whoever copies the data would hold its key',
      next: 'choose a folder beside it',
    })
  const signer = resolve(folder, written.signer)
  if (
    [data, keys].some(other => signer === other || signer.startsWith(other + sep)) ||
    data.startsWith(signer + sep)
  )
    found.push({
      path: ['signer'],
      message:
        'lies inside `data` or `keys`, or around `data`: a copy of one would turn back or carry away the other',
      next: 'choose a folder beside them',
    })
  for (const [index, destination] of written.alerts_always.entries()) {
    if (written.alerts[destination] === undefined)
      found.push({
        path: ['alerts_always', index],
        message: `no destination ${destination} in alerts`,
        next: `known: ${Object.keys(written.alerts).join(', ') || 'none'}`,
      })
  }
  const used = new Map<string, string>()
  for (const [purpose, text] of Object.entries(listening(written))) {
    const other = used.get(text)
    if (other !== undefined && !text.endsWith(':0'))
      found.push({ path: ['listen', purpose], message: `${text} is also the address of ${other}` })
    used.set(text, purpose)
  }
  const url = written.public_url === undefined ? undefined : new URL(written.public_url)
  if (
    url !== undefined &&
    (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '')
  )
    found.push({
      path: ['public_url'],
      message: 'must be an origin without path, query or user',
      next: `for example ${url.origin}`,
    })
  if (url?.protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(url.hostname))
    found.push({
      path: ['public_url'],
      message: 'plain http is only for localhost: sign-ins would cross the network readable',
      next: 'use https behind a proxy that ends TLS',
    })
  for (const [name, target] of Object.entries(written.targets))
    found.push(...plainSecrets(target, ['targets', name]))
  return found
}

const SECRET_FIELD = /^(password|passphrase|secret|token|private_key)$/

function plainSecrets(value: unknown, path: readonly PropertyKey[]): readonly Finding[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) =>
    SECRET_FIELD.test(key) && (typeof item === 'string' || typeof item === 'number')
      ? [
          {
            path: [...path, key],
            message: 'holds a secret in plain text',
            next: 'name its source: { env: NAME } or { file: PATH }',
          },
        ]
      : plainSecrets(item, [...path, key]),
  )
}

/** Call after `crossCheck` found nothing. Pure; `file` is absolute. */
export function normalise(written: ConfigFile, file: string): Config {
  const folder = dirname(file)
  const { api, ...protocols } = listening(written)
  const secret = (source: SecretSource, at: string): Secret =>
    new Secret('file' in source ? { file: resolve(folder, source.file) } : source, at)
  return {
    file,
    organisation: written.organisation,
    data: resolve(folder, written.data),
    keys: resolve(folder, written.keys),
    signer: resolve(folder, written.signer),
    procedures: resolve(folder, written.procedures),
    publicUrl: written.public_url === undefined ? undefined : new URL(written.public_url).origin,
    listen: {
      api: address(api),
      protocols: Object.fromEntries(Object.entries(protocols).map(([name, text]) => [name, address(text)])),
    },
    owners: written.owners,
    roles: written.roles,
    targets: new Map(
      Object.entries(written.targets).map(([name, target]) => [name, targetOf(name, target, secret)]),
    ),
    incidents: Object.entries(written.incidents).map(([name, source]) => incidentOf(name, source, secret)),
    alerts: {
      destinations: new Map(
        Object.entries(written.alerts).map(([name, channels]) => [
          name,
          channels.map((channel, index) => ({
            ...channel,
            secret: secret(channel.secret, `alerts.${name}.${index}.secret`),
          })),
        ]),
      ),
      allow: written.alerts_allow,
      always: written.alerts_always,
      singleChannel: written.alerts_single_channel,
    },
    retention: { leastMs: parseDuration(written.retention.least) ?? Number.POSITIVE_INFINITY },
    ledger: {
      segmentBytes: parseSize(written.ledger.segment) ?? 0,
      signer:
        typeof written.ledger.signer === 'string'
          ? { kind: written.ledger.signer }
          : { kind: 'socket', path: resolve(folder, written.ledger.signer.socket) },
      witnesses: witnessesOf(written.ledger.witnesses, folder),
      anchors: written.ledger.anchors && {
        authorities: written.ledger.anchors.authorities.map(({ url, ca }) => ({
          url,
          ca: resolve(folder, ca),
        })),
        everyMs: parseDuration(written.ledger.anchors.every) ?? 0,
      },
    },
  }
}

/** A policy of one line says nothing, so what holds no line end is the name of a file. */
function witnessesOf(
  written: ConfigFile['ledger']['witnesses'],
  folder: string,
): Config['ledger']['witnesses'] {
  if (written === undefined) return undefined
  const { policy, every, alert_after } = written
  return {
    policy: policy.includes('\n') ? { text: policy } : { file: resolve(folder, policy) },
    everyMs: parseDuration(every) ?? 0,
    alertAfterMs: parseDuration(alert_after) ?? 0,
  }
}

type MakeSecret = (source: SecretSource, at: string) => Secret

function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === undefined) throw new TypeError(`the schema let an address through: ${text}`)
  return parsed
}

function targetOf(name: string, written: ConfigFile['targets'][string], secret: MakeSecret): Target {
  const { protocol, address, environment, services, scopes, ...settings } = written
  return {
    name,
    protocol,
    address,
    environment,
    services,
    scopes: Object.fromEntries(
      Object.entries(scopes).map(([scope, { as, privileges, hide }]) => [
        scope,
        {
          ...(as === undefined ? {} : { as }),
          ...(privileges === undefined ? {} : { privileges }),
          ...(hide === undefined ? {} : { hide }),
        },
      ]),
    ),
    settings: withSecrets(settings, `targets.${name}`, secret) as Record<string, unknown>,
  }
}

/** A mapping of exactly `env` or `file` to a text is a secret, wherever a protocol's fields hold one. */
function withSecrets(value: unknown, at: string, secret: MakeSecret): unknown {
  if (Array.isArray(value)) return value.map((item, index) => withSecrets(item, `${at}.${index}`, secret))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const [first] = entries
  if (
    entries.length === 1 &&
    first !== undefined &&
    (first[0] === 'env' || first[0] === 'file') &&
    typeof first[1] === 'string'
  )
    return secret(first[0] === 'env' ? { env: first[1] } : { file: first[1] }, at)
  return Object.fromEntries(entries.map(([key, item]) => [key, withSecrets(item, `${at}.${key}`, secret)]))
}

function incidentOf(
  name: string,
  written: ConfigFile['incidents'][string],
  secret: MakeSecret,
): IncidentSourceConfig {
  const field = written.source === 'webhook' ? 'secret' : 'token'
  const sources = [written[field] ?? []].flat()
  return {
    name,
    source: written.source,
    secrets: sources.map(source => secret(source, `incidents.${name}.${field}`)),
    people: written.people,
    severity: written.severity,
  }
}
