import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import pg from 'pg'

export interface Sheet {
  readonly login: string
  readonly secret: string
  readonly host: string
  readonly port: number
  readonly database: string
  /** PEM and the file that holds it. */
  readonly ca: string
  readonly caFile: string
}

export interface Said {
  readonly ok: boolean
  /** What the client printed: rows, or the server's error with its hint. */
  readonly text: string
  readonly ms: number
}

/** Ana's native client: psql where there is one, otherwise the driver of Node; the gateway cannot tell that it is watched. */
export interface Engineer {
  readonly client: string
  run(sql: string): Promise<Said>
}

export function engineerWith(sheet: Sheet): Engineer {
  const psql = spawnSync('psql', ['--version'], { encoding: 'utf8' })
  return psql.status === 0 ? byPsql(sheet, psql.stdout.trim()) : byDriver(sheet)
}

export function psqlEnvironment(sheet: Sheet): Record<string, string> {
  return {
    PGHOST: sheet.host,
    PGPORT: String(sheet.port),
    PGUSER: sheet.login,
    PGPASSWORD: sheet.secret,
    PGDATABASE: sheet.database,
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: sheet.caFile,
  }
}

function byPsql(sheet: Sheet, version: string): Engineer {
  return {
    client: version,
    async run(sql) {
      const began = performance.now()
      const child = spawn('psql', ['-X', '-At', '-c', sql], {
        env: { ...process.env, ...psqlEnvironment(sheet) },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let text = ''
      child.stdout.on('data', chunk => (text += String(chunk)))
      child.stderr.on('data', chunk => (text += String(chunk)))
      const [code] = (await once(child, 'close')) as [number | null]
      return { ok: code === 0, text: text.trim(), ms: performance.now() - began }
    },
  }
}

function byDriver(sheet: Sheet): Engineer {
  return {
    client: 'the driver of Node (no psql on PATH)',
    async run(sql) {
      const began = performance.now()
      const client = new pg.Client({
        host: sheet.host,
        port: sheet.port,
        user: sheet.login,
        password: sheet.secret,
        database: sheet.database,
        ssl: { ca: sheet.ca },
      })
      client.on('error', () => undefined)
      try {
        await client.connect()
        const { rows, command, rowCount } = await client.query({ text: sql, rowMode: 'array' })
        const text =
          rows.length > 0
            ? rows.map(row => (row as unknown[]).join('|')).join('\n')
            : `${command} ${rowCount}`
        return { ok: true, text, ms: performance.now() - began }
      } catch (error) {
        const {
          severity = 'ERROR',
          message,
          hint,
        } = error as { severity?: string; message: string; hint?: string }
        const text = `${severity}:  ${message}${hint === undefined ? '' : `\nHINT:  ${hint}`}`
        return { ok: false, text, ms: performance.now() - began }
      } finally {
        await client.end().catch(() => undefined)
      }
    },
  }
}
