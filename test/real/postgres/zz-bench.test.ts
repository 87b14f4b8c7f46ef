import { it } from 'vitest'
import { openLab, runProgram } from './lab.ts'
import { startPgbouncer } from '../servers/pgbouncer.ts'
it('bench', async () => {
  const lab = await openLab({
    protocol: { plaintextFromLoopback: true },
    rules: { resultBytes: 0, bindValues: false },
  })
  await lab.admin(
    'create table public.pgbench_accounts (aid int primary key, bid int, abalance int, filler text); grant all on public.pgbench_accounts to public; insert into pgbench_accounts select i, 1, 0 from generate_series(1, 100000) i on conflict do nothing;create table if not exists public.pgbench_branches (bid int, bbalance int); grant all on public.pgbench_branches to public; insert into pgbench_branches values (1, 0); analyze',
  )
  await lab.admin("create role bouncer login password 'b'")
  const b = await startPgbouncer(lab.server, { bouncer: 'b' })
  console.log('pid', process.pid)
  const run = async (name: string, port: number, user: string, pw: string, ssl: string, mode: string) => {
    const c0 = process.cpuUsage()
    const r = await runProgram(
      'pgbench',
      ['-n', '-S', '-M', mode, '-c', '8', '-j', '1', '-T', '4', '-s', '1'],
      {
        ...process.env,
        PGHOST: '127.0.0.1',
        PGPORT: String(port),
        PGUSER: user,
        PGPASSWORD: pw,
        PGDATABASE: 'shop',
        PGSSLMODE: ssl,
      },
    )
    const c = process.cpuUsage(c0)
    const n = Number(/processed: (\d+)/.exec(r.out)?.[1])
    console.log(
      'cpu us/query',
      ((c.user + c.system) / n).toFixed(1),
      name,
      mode,
      /tps = (\d+)/.exec(r.out)?.[1],
      r.err.slice(0, 200),
    )
  }
  for (const mode of ['simple', 'prepared']) {
    await run('direct', lab.server.port, 'postgres', lab.server.adminPassword, 'disable', mode)
    await run('pgbouncer', b.port, 'bouncer', 'b', 'disable', mode)
    await run('us', lab.port, 'bg_client', 'session-secret', 'disable', mode)
    await run('us tls', lab.port, 'bg_client', 'session-secret', 'require', mode)
  }
  await b.stop()
  await lab.close()
}, 120000)
