import { expect } from 'vitest'
import type { Exercise } from './exercise.ts'
import type { Stand } from './stand.ts'

async function everything(stand: Stand, events: number): Promise<void> {
  const said = await stand.same(async way => {
    const { PGHOST = '', PGPORT = '', PGUSER = '', PGPASSWORD = '', PGDATABASE = '' } = way.env
    const login = [
      '--db-driver=pgsql',
      `--pgsql-host=${PGHOST}`,
      `--pgsql-port=${PGPORT}`,
      `--pgsql-user=${PGUSER}`,
      `--pgsql-password=${PGPASSWORD}`,
      `--pgsql-db=${PGDATABASE}`,
    ]
    const size = ['--tables=2', '--table-size=1000', '--threads=2', '--time=0', `--events=${events}`]
    const sysbench = async (test: string, ...args: readonly string[]): Promise<string> => {
      const { code, out } = await way.run('sysbench', [test, ...login, ...size, ...args], {
        timeout: 600_000,
      })
      expect({ code, out: code === 0 ? '' : out }).toEqual({ code: 0, out: '' })
      return out
    }
    await sysbench('oltp_read_write', 'prepare')
    const transactions: (string | undefined)[] = []
    for (const test of ['oltp_read_only', 'oltp_read_write'])
      for (const mode of ['auto', 'disable'])
        transactions.push(
          /transactions: +(\d+)/.exec(await sysbench(test, `--db-ps-mode=${mode}`, 'run'))?.[1],
        )
    await sysbench('oltp_read_write', 'cleanup')
    return transactions
  })
  expect(said).toEqual(Array.from({ length: 4 }, () => String(events)))
}

export const SYSBENCH_EXERCISES: readonly Exercise[] = [
  {
    client: 'sysbench',
    needs: { sysbench: 'sysbench' },
    what: 'oltp_read_only and oltp_read_write, with and without prepared statements',
    test: [15],
    soak: [15, 18],
    result: 'equal',
    run: (stand, when) => everything(stand, when === 'test' ? 4 : 300),
  },
]
