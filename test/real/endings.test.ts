/** Every way a grant ends × every kind of busy session (issue A, 9; requirements 11, 14; DESIGN §3). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missing } from './servers/missing.ts'
import { psql, type Psql } from './psql.ts'
import { WAYS_TO_END } from './ways-to-end.ts'
import { startWorld, type World } from './world.ts'
import { found } from '../support/wait.ts'

const LOOP = `do $$ begin loop begin perform pg_sleep(5); exception when query_canceled then null; end; end loop; end $$`

interface Busy {
  readonly kind: string
  /** Starts it; resolves when the target is seen to be busy with it. */
  readonly start: (session: Psql) => void
  readonly command?: string
  /** How pg_stat_activity shows it. */
  readonly seen: string
}

const KINDS: readonly Busy[] = [
  {
    kind: 'cancel-catching loop',
    command: LOOP,
    start: () => undefined,
    seen: "query like 'do %' and state = 'active'",
  },
  {
    kind: 'open transaction',
    start: session => session.send("begin; update orders set status = 'held' where id = 7;"),
    seen: "state = 'idle in transaction'",
  },
  {
    kind: 'copy in flight',
    command: 'copy (select repeat(md5(generate_series(1, 400000000)::text), 8)) to stdout',
    start: () => undefined,
    seen: "query like 'copy %' and state = 'active'",
  },
  { kind: 'idle psql', start: session => session.send('select 1;'), seen: "state = 'idle'" },
]

describe.skipIf(missing('postgres15', 'psql').length > 0)('the end', () => {
  let world: World
  const table: string[] = []
  beforeAll(async () => {
    world = await startWorld({ procedure: text => text.replace(/refuse: \[.*\]/, 'refuse: [ddl]') })
  })
  afterAll(async () => {
    console.log(`\nway × session: ms to the client's end, what it saw\n${table.join('\n')}\n`)
    await world.close()
  })

  for (const { way, for: length, trigger, says } of WAYS_TO_END) {
    it(`${way} ends every kind of busy session at once and leaves nothing behind`, async () => {
      const { api, grant } = await world.open(length === undefined ? {} : { for: length })
      const credential = await world.connect(api, grant)
      const sessions = KINDS.map(({ kind, command, start }) => {
        const session = psql(credential, command)
        start(session)
        return { kind, session }
      })
      const [{ login } = { login: '' }] = await waitFor(
        async () => {
          const rows = await world.admin<{ login: string }>(
            `select usename as login from pg_stat_activity where usename like 'bg\\_%' and (${KINDS.map(({ seen }) => `(${seen})`).join(' or ')})`,
          )
          return rows.length >= KINDS.length ? rows : undefined
        },
        sessions.map(({ session }) => session),
      )
      // The idle one and the open transaction read their fate with their next word, as psql does.
      const since = await trigger(world, { api, grant, target: 'orders-db' })
      const nudge = setInterval(() => {
        for (const { session } of sessions) session.send('select 2;')
      }, 20)
      for (const { kind, session } of sessions) {
        const { at } = await session.gone
        const seen =
          session
            .output()
            .match(/breakglass: [^\n]*/g)
            ?.at(-1) ?? session.output().slice(-200)
        table.push(`${way.padEnd(18)} ${kind.padEnd(22)} ${(at - since).toFixed(0).padStart(5)} ms  ${seen}`)
        expect(session.output(), `${kind} by ${way}`).toMatch(says)
      }
      clearInterval(nudge)
      const left = await waitFor(async () => {
        const running = await world.admin(`select pid from pg_stat_activity where usename = '${login}'`)
        const roles = await world.admin(`select rolname from pg_roles where rolname = '${login}'`)
        return running.length === 0 && roles.length === 0 ? [running, roles] : undefined
      }, [])
      expect(left).toEqual([[], []])
      // What the open transaction had done is gone with it.
      expect(await world.admin('select status from orders where id = 7')).toEqual([{ status: 'paid' }])
      if (way === 'person disabled') {
        const person = world.server.identity.personOf('ana')
        if (person) await world.server.identity.enablePerson({ person })
      }
    })
  }
})

async function waitFor<T>(look: () => Promise<T | undefined>, sessions: readonly Psql[]): Promise<T> {
  return found(look, () => sessions.map(session => session.output()).join('\n--\n'))
}
