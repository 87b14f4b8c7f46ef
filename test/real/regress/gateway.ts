import type { PostgresServer } from '../servers/postgres.ts'
import { type Api, libpq, startWorld } from '../world.ts'
import { DATABASE, OWNER, prepare, SETTINGS } from './cluster.ts'
import type { Refused } from './reference.ts'
import type { Connection } from './run-script.ts'

/** What the evidence says about the sessions of one script. */
export interface Evidence {
  /** Statements asked for. */
  readonly asked: number
  readonly refused: readonly Refused[]
}

/** The whole product before a cluster of its own: scope `owner` is the role of the scripts, no optional rule, no limit. */
export interface Gateway {
  readonly server: PostgresServer
  readonly connection: Connection
  /** Of the sessions since it was last asked. */
  evidence(): Promise<Evidence>
  close(): Promise<void>
}

export async function startGateway(evidence: 'before' | 'with'): Promise<Gateway> {
  const world = await startWorld({
    settings: SETTINGS,
    prepare,
    config: text =>
      text.replace('database: orders', `database: ${DATABASE}`).replace('as: orders_owner', `as: ${OWNER}`),
    procedure: text =>
      text
        .replace(/scope: .*/, 'scope: { use: owner }')
        .replace(/time: .*/, 'time: { default: 6h, most: 6h, idle: 1h }')
        .replace(/evidence: .*/, `evidence: ${evidence}`),
  })
  const { api, grant } = await world.open()
  const credential = await world.connect(api, grant)
  const auditor = await world.signIn('priya')
  const seen = new Set<string>()
  return {
    server: world.target,
    connection: libpq(credential),
    async evidence() {
      let asked = 0
      const refused: Refused[] = []
      for (const id of await finishedSessions(auditor, grant, seen)) {
        for (const { data, content } of await replay(world.server.url, auditor, id)) {
          if (!ASKED.has(data.kind ?? '')) continue
          const [objection] = content?.refused ?? []
          if (objection) refused.push({ ...objection, at: asked, text: content?.text ?? '' })
          asked++
        }
      }
      return { asked, refused }
    },
    close: () => world.close(),
  }
}

/** Kinds of action that are one statement of psql each. */
const ASKED = new Set(['query', 'parse', 'function_call'])

interface Entry {
  readonly type: string
  readonly data: { readonly n: number; readonly kind?: string }
  readonly content?: {
    readonly text?: string
    readonly refused?: readonly { readonly rule: string; readonly what: string }[]
  }
}

/** New ones in the order in which they were opened, when all of them are closed. */
async function finishedSessions(api: Api, grant: string, seen: Set<string>): Promise<string[]> {
  for (;;) {
    const { sessions } = await api.get<{ sessions: { id: string; closed_at?: string }[] }>(
      `/v1/sessions?grant=${grant}`,
    )
    const fresh = sessions.filter(({ id }) => !seen.has(id))
    if (fresh.every(({ closed_at }) => closed_at !== undefined)) {
      for (const { id } of fresh) seen.add(id)
      return fresh.map(({ id }) => id).toReversed()
    }
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

async function replay(url: string, { token }: Api, session: string): Promise<Entry[]> {
  const response = await fetch(`${url}/v1/sessions/${session}/actions`, {
    headers: { authorization: `Bearer ${token}` },
  })
  if (!response.ok) throw new Error(`replay of ${session}: ${response.status} ${await response.text()}`)
  const lines = (await response.text()).trim().split('\n').slice(1)
  return lines
    .map(line => JSON.parse(line) as Entry)
    .filter(entry => entry.type === 'action')
    .toSorted((a, b) => a.data.n - b.data.n)
}
