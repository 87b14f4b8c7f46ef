/** What `breakglass init` writes: meant to be read, changed and kept in git. */

export interface TemplateFacts {
  readonly organisation: string
  readonly owners: readonly string[]
  readonly needed: number
}

export function configTemplate({ organisation, owners, needed }: TemplateFacts): string {
  const list = owners.join(', ')
  return `# yaml-language-server: $schema=.schema/breakglass.schema.json
# The configuration of breakglass. Keep this folder in git; \`data\`, \`keys\` and \`signer\` stay out of it (see .gitignore).

organisation: ${organisation}   # part of the name under which the logs are signed: fixed after the first start
data: ./data               # logs, recordings and the vault
keys: ./keys               # vault key and certificates; never beside a copy of the data
signer: ./signer           # keys of the logs and what was signed last; in no backup: it shows that data was turned back

listen: { api: 127.0.0.1:7070, postgres: 127.0.0.1:7432 }   # ssh: 127.0.0.1:7022 once a target speaks it
# public_url: https://breakglass.${organisation}.example   # when people reach it through a proxy that ends TLS

# Who accepts sets of procedures, and how many of them must. Read at the first start only.
owners: { people: [${list}], count: ${needed} }

# Standing duties; none of them opens a target. Empty lists mean nobody.
roles:
  administer: { people: [${list}] }
  lock: { people: [${list}], groups: [incident-commanders] }
  revoke: { people: [], groups: [incident-commanders] }
  audit: { people: [], groups: [security] }

# What one can get into. Replace the example by a database of yours, then:
#   breakglass target plan example-db     prints the SQL its owner runs once
#   breakglass target check example-db    says whether the database enforces it
targets:
  example-db:
    protocol: postgres
    address: 127.0.0.1:5432
    database: example
    environment: staging
    services: [example]
    login: { user: breakglass, password: { env: EXAMPLE_DB_PASSWORD } }
    tls: verify-full
    scopes:
      repair:
        privileges:
          - { on: public.orders, allow: [select, update] }
          - { on: "public.*", allow: [select] }
        # hide: [customers.card_number]     # no SELECT at all on these columns

  # web-1:
  #   protocol: ssh
  #   address: web1.${organisation}.internal:22
  #   host_keys: [ssh-ed25519 AAAA…]       # of the host, as \`ssh-keyscan -t ed25519\` prints them: compare with the host's own
  #   services: [web]
  #   scopes:
  #     deploy: { as: deploy }             # an account of the host; \`target plan web-1\` prints what makes its sshd trust us

# Where incidents come from. The address of this one is /v1/incidents/sources/pager
# incidents:
#   pager:
#     source: webhook                        # signed messages (Standard Webhooks)
#     secret: { env: PAGER_SECRET }
#     people: { ${owners[0] ?? 'ana'}@${organisation}.example: ${owners[0] ?? 'ana'} }

# Who hears of it. Two independent channels are demanded: one that fails must not silence the other.
alerts:
  security: [{ channel: webhook, url: https://security.${organisation}.invalid/breakglass, secret: { file: keys/alert-security.secret } }]
  operations: [{ channel: webhook, url: https://operations.${organisation}.invalid/breakglass, secret: { file: keys/alert-operations.secret } }]
alerts_always: [security]                    # locks, procedures, people, trouble with the ledger
# alerts_allow: [10.1.0.0/16]                # private addresses that alerts may be sent to
`
}

export function procedureTemplate(): string {
  return `# yaml-language-server: $schema=../.schema/procedure.schema.json
# Who may break the glass on what, and how. A change counts when the owners have accepted it: \`breakglass policy accept\`.
procedure: example-db-emergency
purpose: Restore service when the example database is what blocks it.
targets: [example-db]
who: { groups: [oncall] }
when: >
  incident.status == "open" && incident.severity <= 2 &&
  incident.services.exists(s, s in target.services)
verify: { factor: passkey, within: 2m }      # shown at this moment; an old sign-in does not count
approval:
  automatic_when: >
    incident.trust == "signed" && incident.declared_by != requester.id &&
    incident.responders.exists(r, r.person == requester.id && r.state != "declined")
  otherwise: { from: { groups: [incident-commanders] }, count: 1, within: 10m }
scope: { use: repair, refuse: [ddl, write_without_where, copy_program, server_files], writes_per_statement: 10000 }
time: { default: 30m, most: 1h, idle: 10m, extend: { times: 1, by: 30m } }
evidence: before                             # an action is on disk before it is forwarded
alert: { to: [security, operations], before_open: true, unalerted: open }
review: { from: { groups: [security] }, within: 48h, overdue: refuse_new_requests }
`
}

export function procedureTestTemplate(): string {
  return `# yaml-language-server: $schema=../.schema/procedure-test.schema.json
# Procedures have unit tests: \`breakglass policy test\`.
- case: on-call with an open P1 that somebody declared waits for a commander
  requester: { id: ana, groups: [oncall] }
  incident: { source: self, trust: self, status: open, severity: 1, services: [example], declared_by: ben }
  target: example-db
  expect: { decision: ask, approval: 1, time: 30m }

- case: somebody who is not on call does not get in
  requester: { id: eve, groups: [] }
  incident: { source: self, trust: self, status: open, severity: 1, services: [example], declared_by: ben }
  target: example-db
  expect: { decision: deny }

- case: without an incident nobody gets in
  requester: { id: ana, groups: [oncall] }
  target: example-db
  expect: { decision: deny }
`
}

export const GITIGNORE = `# Secrets and evidence do not belong into git.
/data/
/keys/
/signer/
`
