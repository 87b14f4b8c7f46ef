import { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import { missing } from './missing.ts'
import { startPgbouncer } from './pgbouncer.ts'
import { startPostgres } from './postgres.ts'

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new Client(url)
  await client.connect()
  const result = await client.query<Record<string, unknown>>(sql)
  await client.end()
  return Object.values(result.rows[0] ?? {})[0]
}

describe('real servers', () => {
  it.skipIf(missing('postgres15').length > 0)(
    'PostgreSQL 15 starts, answers and leaves nothing behind',
    async () => {
      const server = await startPostgres({ tls: true })
      try {
        expect(await ask(server.adminUrl, 'show server_version_num')).toMatch(/^15/)
        expect(server.certificate).toContain('BEGIN CERTIFICATE')
        expect(() => process.kill(server.pid, 0)).not.toThrow()
      } finally {
        await server.stop()
      }
      expect(() => process.kill(server.pid, 0)).toThrow(/ESRCH/)
    },
  )

  it.skipIf(missing('postgres18').length > 0)('PostgreSQL 18 from npm starts and answers', async () => {
    const server = await startPostgres({ version: 18 })
    try {
      expect(await ask(server.adminUrl, 'show server_version_num')).toMatch(/^18/)
    } finally {
      await server.stop()
    }
  })

  it.skipIf(missing('postgres15', 'pgbouncer').length > 0)('pgbouncer passes statements on', async () => {
    const server = await startPostgres()
    const bouncer = await startPgbouncer(server, {})
    try {
      expect(await ask(server.adminUrl.replace(`:${server.port}`, `:${bouncer.port}`), 'select 7')).toBe(7)
    } finally {
      await bouncer.stop()
      await server.stop()
    }
  })
})
