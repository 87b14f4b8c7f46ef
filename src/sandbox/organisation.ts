import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SandboxFacts {
  readonly folder: string
  readonly ports: { readonly api: number; readonly postgres: number; readonly ssh: number }
  readonly target: { readonly port: number; readonly caFile: string }
  /** Absent where no sshd is. */
  readonly host: { readonly port: number; readonly hostKey: string; readonly account: string } | undefined
  readonly alerts: { readonly security: string; readonly pager: string }
}

export interface SandboxSecrets {
  /** Password of the login `breakglass` at the target. */
  readonly target: string
  /** Signs incidents (Standard Webhooks, `whsec_…`). */
  readonly pager: string
  /** Signs alerts. */
  readonly alerts: string
}

/** Writes an ordinary configuration folder for acme: nothing in it is special to the sandbox. Returns the file's path. */
export function writeOrganisation(facts: SandboxFacts, secrets: SandboxSecrets): string {
  const { folder } = facts
  mkdirSync(join(folder, 'procedures'), { recursive: true, mode: 0o700 })
  mkdirSync(join(folder, 'secrets'), { recursive: true, mode: 0o700 })
  for (const [name, value] of Object.entries(secrets)) {
    writeFileSync(join(folder, 'secrets', name), `${value}\n`, { mode: 0o600 })
  }
  writeFileSync(join(folder, 'breakglass.yaml'), configuration(facts))
  writeFileSync(join(folder, 'procedures', 'orders-db.yaml'), PROCEDURE)
  writeFileSync(join(folder, 'procedures', 'orders-db.test.yaml'), testsOf('orders-db'))
  if (facts.host) {
    writeFileSync(join(folder, 'procedures', 'web-1.yaml'), HOST_PROCEDURE)
    writeFileSync(join(folder, 'procedures', 'web-1.test.yaml'), testsOf('web-1'))
  }
  return join(folder, 'breakglass.yaml')
}

function configuration({ ports, target, host, alerts }: SandboxFacts): string {
  return `organisation: acme
data: ./data
keys: ./keys
listen: { api: 127.0.0.1:${ports.api}, postgres: 127.0.0.1:${ports.postgres}${host ? `, ssh: 127.0.0.1:${ports.ssh}` : ''} }
owners: { people: [mara], count: 1 }
roles:
  administer: { people: [mara] }
  lock: { groups: [security] }
  revoke: { groups: [security] }
  audit: { groups: [security] }
targets:
  orders-db:
    protocol: postgres
    address: 127.0.0.1:${target.port}
    database: orders
    environment: production
    services: [orders, checkout]
    login: { user: breakglass, password: { file: ./secrets/target } }
    tls: verify-full
    ca: ${target.caFile}
    scopes:
      repair:
        privileges:
          - { on: public.orders, allow: [select, update] }
          - { on: public.customers, allow: [select] }
        hide: [public.customers.card_number]
${host ? hostTarget(host) : ''}incidents:
  pager:
    source: webhook
    secret: { file: ./secrets/pager }
    people: { ana@acme.example: ana }
    severity: { P1: 1, P2: 2, P3: 3 }
alerts:
  security: [{ channel: webhook, url: "${alerts.security}", secret: { file: ./secrets/alerts } }]
  pager: [{ channel: webhook, url: "${alerts.pager}", secret: { file: ./secrets/alerts } }]
alerts_allow: [127.0.0.1]
alerts_always: [security]
`
}

function hostTarget({ port, hostKey, account }: NonNullable<SandboxFacts['host']>): string {
  return `  web-1:
    protocol: ssh
    address: 127.0.0.1:${port}
    environment: production
    services: [orders, checkout]
    host_keys: ["${hostKey}"]
    scopes: { operate: { as: ${account} } }
`
}

/** The same for both targets: who, under which incident, how it is proven and approved, for how long, who hears of it. */
const WHO = `who: { groups: [payments-oncall] }
when: >
  incident.status == "open" && incident.severity <= 2 && incident.services.exists(s, s in target.services)
verify: { factor: totp, within: 2m }
approval:
  automatic_when: >
    incident.trust == "signed" && incident.declared_by != requester.id &&
    incident.responders.exists(r, r.person == requester.id && r.state != "declined")
  otherwise: { from: { groups: [incident-commanders] }, count: 1, within: 10m }
`
const WHILE = `time: { default: 30m, most: 1h, idle: 10m, extend: { times: 1, by: 30m } }
evidence: before
alert: { to: [security, pager], on: [requested, activated, denied, ended, finding], before_open: true, unalerted: open }
review: { from: { groups: [security] }, within: 48h, overdue: refuse_new_requests }
`

const PROCEDURE = `procedure: orders-db-emergency
purpose: Restore ordering when the orders database is what blocks it.
targets: [orders-db]
${WHO}scope: { use: repair, refuse: [ddl, write_without_where, do_blocks, side_effect_functions], writes_per_statement: 100 }
${WHILE}`

const HOST_PROCEDURE = `procedure: web-1-emergency
purpose: Look at the web server and restart what hangs when orders fail there.
targets: [web-1]
${WHO}scope: { use: operate, refuse: [power], never: ["rm *"] }
${WHILE}`

function testsOf(target: string): string {
  return `- case: the engineer on call gets in at once during a signed P1
  requester: { id: ana, groups: [payments-oncall] }
  incident: { source: pager, trust: signed, status: open, severity: 1, services: [orders], responders: [{ person: ana, state: accepted }], declared_by: machine }
  target: ${target}
  expect: { decision: grant, approval: none, time: 30m }
- case: without an incident nobody gets in
  requester: { id: ana, groups: [payments-oncall] }
  target: ${target}
  expect: { decision: deny }
- case: whoever is not on call is refused
  requester: { id: mara, groups: [incident-commanders] }
  incident: { source: pager, trust: signed, status: open, severity: 1, services: [orders], responders: [{ person: mara, state: accepted }], declared_by: machine }
  target: ${target}
  expect: { decision: deny }
`
}
