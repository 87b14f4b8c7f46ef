// node-postgres: prints all it sees. `node node_pg.mjs refused`, or `node node_pg.mjs SIZE COUNT`.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pg from 'pg'

const sha = bytes => createHash('sha256').update(bytes).digest('hex')
const show = (...things) => console.log(...things.map(thing => JSON.stringify(thing)))
const failing = async work => {
  try {
    show(await work)
  } catch (error) {
    show(error.code, error.message, error.hint, error.position)
  }
}
// It reads PGHOST and the rest, but takes an authority only here.
const ssl = { ca: readFileSync(process.env.PGSSLROOTCERT, 'utf8') }
const connect = async (more = {}) => {
  const db = new pg.Client({ ssl, ...more })
  await db.connect()
  return db
}

async function refused() {
  const db = await connect()
  await failing(db.query('drop table orders'))
  await failing(db.query({ name: 'all', text: 'delete from orders where $1 = $2', values: ['1', '1'] }))
  // Not awaited one by one: what stands behind a refusal runs.
  const all = [db.query('select 1 as one'), db.query('truncate orders'), db.query('select 2 as two')]
  for (const each of await Promise.allSettled(all)) show(each.status, each.value?.rows ?? each.reason.code)
  show((await db.query('select count(*) from orders')).rows)
  await db.end()
}

async function values(db, size) {
  await db.query('create temp table t (i int, n numeric, s text, b bytea, w timestamptz, j jsonb, a int[])')
  const large = Buffer.alloc(size >> 2, 'x')
  const row = [7, '1.50', 'zażółć 🙂', large, '2024-02-29T12:00:00Z', { k: [1, null] }, [1, 2, 3]]
  await db.query('insert into t values ($1, $2, $3, $4, $5, $6, $7)', row)
  const back = (await db.query({ text: 'select * from t', rowMode: 'array' })).rows[0]
  show(back.map(each => (Buffer.isBuffer(each) ? sha(each) : each)))
  const whole = { text: `select decode(repeat('00ff', $1), 'hex') as b, 1 as one`, values: [size >> 1] }
  for (const binary of [false, true]) {
    const { rows } = await db.query({ ...whole, binary })
    show(sha(rows[0].b), rows[0].one)
  }
}

async function statements(db, count) {
  const named = { name: 'total', text: 'select total from orders where id = $1' }
  const queued = Array.from({ length: count }, (_, i) => db.query({ ...named, values: [i + 1] }))
  show((await Promise.all(queued)).map(result => result.rows[0].total))
  show(
    (await db.query('select 1 as a; select 2 as b; insert into t (i) values (1)')).map(r => [
      r.command,
      r.rowCount,
      r.rows,
    ]),
  )
  await failing(db.query('select 1/0'))
  await failing(db.query('select * from no_such_table where i = $1', [1]))
  await failing(db.query({ name: 'total', text: 'select 2' }))
  // A portal read in parts: PortalSuspended after every `rows`.
  show(
    (await db.query({ text: 'select id from orders where id <= $1', values: [1000], rows: 100 })).rows.length,
  )
}

async function sides(db) {
  const said = []
  db.on('notice', notice => said.push(`${notice.severity} ${notice.message}`))
  await db.query(`do $$ begin for i in 1..3 loop raise notice 'n%', i; end loop; raise warning 'w'; end $$`)
  show(said)
  const heard = []
  const three = new Promise(resolve => {
    db.on('notification', note => heard.push(`${note.channel} ${note.payload}`) === 3 && resolve())
  })
  await db.query('listen things')
  const other = await connect()
  for (let i = 0; i < 3; i++) await other.query(`select pg_notify('things', $1)`, [String(i)])
  await other.end()
  await three
  show(heard)
}

async function interrupts(db) {
  const sleep = new pg.Query('select pg_sleep(20)')
  const failed = new Promise(resolve => sleep.on('error', resolve))
  db.query(sleep)
  // Its cancel speaks without TLS, as libpq before 17 does.
  setTimeout(() => new pg.Client({ ssl: false }).cancel(db, sleep), 300)
  const { code, message } = await failed
  show(code, message, (await db.query('select 1 as alive')).rows)
  const timed = await connect({
    statement_timeout: 200,
    lock_timeout: 200,
    idle_in_transaction_session_timeout: 60_000,
  })
  await failing(timed.query('select pg_sleep(20)'))
  await timed.end()
}

async function pool(count) {
  const all = new pg.Pool({ ssl, max: 4 })
  const results = await Promise.all(
    Array.from({ length: count }, (_, i) => all.query('select $1::int as i', [i])),
  )
  show(results.reduce((sum, { rows }) => sum + rows[0].i, 0))
  await all.end()
}

if (process.argv[2] === 'refused') await refused()
else {
  const [size, count] = process.argv.slice(2).map(Number)
  const db = await connect()
  await values(db, size)
  await statements(db, count)
  await sides(db)
  await interrupts(db)
  await db.end()
  await pool(count)
}
