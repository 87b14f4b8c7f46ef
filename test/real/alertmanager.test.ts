import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ANONYMOUS_INCIDENT_ROUTES, incidentRoutes } from '../../src/api/incident/routes.ts'
import { type ApiServer, serveApi } from '../../src/api/serve.ts'
import { behindShell } from '../../src/api/signed-in.suite.ts'
import { createIncidents, type Incidents } from '../../src/incident/incidents.ts'
import { incidentNames, incidents as slice } from '../../src/incident/slice.ts'
import { openRealJournal, type RealJournal, temporaryFolder as openFolder } from '../support/real-journal.ts'
import { type Daemon, giveToServer, startDaemon, temporaryFolder } from './servers/daemon.ts'
import { freePort } from '../../src/sandbox/free-port.ts'
import { whereIs } from './servers/missing.ts'
import { until } from '../support/wait.ts'

const PROGRAM = whereIs('prometheus-alertmanager')
const AMTOOL = whereIs('amtool')
const TOKEN = 'token-of-alertmanager'
const run = promisify(execFile)

describe.skipIf(!PROGRAM || !AMTOOL)('Alertmanager (apt-get install prometheus-alertmanager)', () => {
  const folder = temporaryFolder('alertmanager')
  let data: Awaited<ReturnType<typeof openFolder>>
  let real: RealJournal
  let api: ApiServer
  let incidents: Incidents
  let alertmanager: Daemon
  let url: string

  beforeAll(async () => {
    data = await openFolder('alertmanager-log')
    real = await openRealJournal(data.path, [slice, incidentNames])
    incidents = createIncidents({
      journal: real.journal,
      handles: { personOf: () => undefined, handleOf: () => undefined },
      sources: [
        {
          name: 'prom',
          kind: 'alertmanager',
          secrets: () => ['token-before-rotation', TOKEN],
          people: {},
          mapping: { severity: { critical: 1, warning: 3 } },
        },
      ],
    })
    const app = behindShell(incidentRoutes(incidents), ANONYMOUS_INCIDENT_ROUTES, [])
    api = await serveApi({ fetch: app.fetch, host: '127.0.0.1', port: 0 })
    const hook = (token: string) =>
      `url: http://127.0.0.1:${api.port}/v1/incidents/sources/prom, send_resolved: true, http_config: { authorization: { credentials: ${token} } }`
    const config = join(folder.path, 'alertmanager.yml')
    mkdirSync(join(folder.path, 'data'))
    giveToServer(join(folder.path, 'data'))
    writeFileSync(
      config,
      `
route: { receiver: ours, group_by: [service], group_wait: 200ms, group_interval: 500ms, repeat_interval: 1h }
receivers:
  - name: ours
    webhook_configs: [{ ${hook(TOKEN)} }]
`,
    )
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    alertmanager = await startDaemon(
      PROGRAM ?? '',
      [
        `--config.file=${config}`,
        `--storage.path=${join(folder.path, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--cluster.listen-address=',
      ],
      async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true,
    )
  })
  afterAll(async () => {
    await alertmanager?.stop('SIGTERM')
    await api?.close()
    await real?.close()
    await data?.remove()
    folder.remove()
  })

  const amtool = (...args: readonly string[]) =>
    run(AMTOOL ?? '', [`--alertmanager.url=${url}`, 'alert', ...args])
  const add = (name: string, ...more: readonly string[]) =>
    amtool('add', name, 'service=orders', 'severity=critical', 'env=production', ...more)

  it('fires, joins a group, and resolves without annotations; each alert is one incident', async () => {
    await add('OrdersDown', '--annotation=summary=Orders fail')
    await until(async () => (await incidents.list({ open: true })).length === 1)
    expect(await incidents.list()).toMatchObject([
      {
        source: 'prom',
        trust: 'unsigned',
        status: 'open',
        severity: 1,
        services: ['orders'],
        environments: ['production'],
        responders: [],
        declared_by: 'machine',
        title: 'Orders fail',
      },
    ])
    // The second alert makes Alertmanager send the whole group again: the first is not recorded twice.
    await add('OrdersSlow')
    await until(async () => (await incidents.list({ open: true })).length === 2)
    expect(await incidents.list()).toHaveLength(2)

    await add('OrdersDown', `--end=${new Date().toISOString()}`)
    await until(async () => (await incidents.list({ open: true })).length === 1)
    expect(
      (await incidents.list())
        .map(({ title, status }) => `${title} ${status}`)
        .sort((a, b) => a.localeCompare(b)),
    ).toEqual(['OrdersDown resolved', 'OrdersSlow open'])
  })

  it('what fires again after it was resolved is a new incident', async () => {
    const before = (await incidents.list()).length
    await add('OrdersDown', '--annotation=summary=Orders fail again')
    await until(async () => (await incidents.list()).length === before + 1)
    const [newest] = await incidents.list()
    expect(newest).toMatchObject({ status: 'open', title: 'Orders fail again' })
  })

  it('a message without the token is refused and changes nothing', async () => {
    const before = await incidents.list()
    const forged = await fetch(`http://127.0.0.1:${api.port}/v1/incidents/sources/prom`, {
      method: 'POST',
      headers: { authorization: 'Bearer else' },
      body: '{"version":"4","alerts":[]}',
    })
    expect(forged.status).toBe(401)
    expect(await incidents.list()).toEqual(before)
  })
})
