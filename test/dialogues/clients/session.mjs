// What node-postgres says: simple and extended, named statements, values of every kind, an error in the middle.
import pg from 'pg'

const client = new pg.Client({
  host: process.env.PGHOST,
  port: Number(process.env.PGPORT),
  user: process.env.PGUSER,
  database: process.env.PGDATABASE,
})
await client.connect()
client.on('notification', () => undefined)
await client.query('select 1; select 2')
await client.query('select * from orders where id = any($1) and customer <> $2', [[1, 2, 3], 'nobody'])
for (const id of [1, 2, 3])
  await client.query({ name: 'one', text: 'select photo from orders where id = $1', values: [id] })
await client.query('insert into orders values ($1, $2, $3, $4)', [
  500,
  null,
  12.5,
  Buffer.from('00ff10', 'hex'),
])
await client
  .query('insert into orders values ($1, $2, $3, $4)', [500, 'twice', 1, null])
  .catch(() => undefined)
await client.query('listen paper')
await Promise.all([
  client.query('notify paper'),
  client.query('select pg_notify($1, $2)', ['paper', 'ü']),
  client.query('select now() is not null as now'),
])
await client.query('').catch(() => undefined)
await client.end()
