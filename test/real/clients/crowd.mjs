// Many clients in a process of their own: node crowd.mjs COUNT. Prints `ready`, then `ended <wall ms>` when the last is gone,
// and what the busy ones were told.
import pg from 'pg'

const count = Number(process.argv[2])
const clients = []
let open = 0
const said = new Set()
for (let batch = 0; batch < count; batch += 20) {
  await Promise.all(
    Array.from({ length: Math.min(20, count - batch) }, async () => {
      const client = new pg.Client({ ssl: { rejectUnauthorized: false } })
      client.on('error', error => said.add(error.message))
      client.once('end', () => {
        if (--open === 0) {
          console.log(`ended ${Date.now()}`)
          console.log(JSON.stringify([...said]))
          process.exit(0)
        }
      })
      await client.connect()
      open++
      clients.push(client)
    }),
  )
}
await Promise.all(clients.map(client => client.query('select 1')))
for (const client of clients.slice(0, count / 4)) {
  client.query('select pg_sleep(60)').catch(error => said.add(error.message))
}
console.log('ready')
