// node idle-clients.mjs COUNT: that many connections over TLS that say nothing; prints `ready` when all are there.
import pg from 'pg'

const count = Number(process.argv[2])
const clients = []
for (let batch = 0; batch < count; batch += 20) {
  await Promise.all(
    Array.from({ length: Math.min(20, count - batch) }, async () => {
      const client = new pg.Client({ ssl: { rejectUnauthorized: false } })
      client.on('error', error => console.error(error.message))
      await client.connect()
      clients.push(client)
    }),
  )
}
console.log('ready')
