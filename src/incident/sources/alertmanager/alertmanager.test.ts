import { describe, expect, it } from 'vitest'
import { sourceContract } from '../../source-contract.suite.ts'
import { alertmanager } from './index.ts'

const NOW = Date.UTC(2026, 10, 19, 1, 14, 6)

const firing = {
  status: 'firing',
  labels: { alertname: 'OrdersDown', severity: 'critical', service: 'orders', env: 'production' },
  annotations: { summary: 'Orders fail' },
  startsAt: '2026-11-19T01:10:00.123456789Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: 'http://prometheus.acme.example/graph?g0=up',
  fingerprint: 'c0ffee0000000001',
}
const message = {
  version: '4',
  groupKey: '{}:{alertname="OrdersDown"}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'breakglass',
  later_field: true,
  alerts: [firing, { ...firing, fingerprint: undefined }, { ...firing, fingerprint: 'c0ffee0000000002' }],
}
const normalise = (alerts: readonly unknown[], severity = {}) =>
  alertmanager.normalise(Buffer.from(JSON.stringify({ ...message, alerts })), { severity }, NOW)

sourceContract({
  source: alertmanager,
  secret: 'token-of-alertmanager',
  otherSecret: 'another-token',
  now: NOW,
  timed: false,
  prove: (_, secret) => ({ authorization: `Bearer ${secret}` }),
  body: Buffer.from(JSON.stringify(message)),
  reports: [
    {
      external: 'c0ffee0000000001',
      title: 'Orders fail',
      status: 'open',
      severity: 1,
      services: ['orders'],
      environments: ['production'],
      responders: [],
      openedAt: Date.UTC(2026, 10, 19, 1, 10, 0, 123),
    },
    { external: 'c0ffee0000000002' },
  ],
  malformed: [
    { body: 'null', field: 'the body' },
    { body: '{"version":"3"}', field: 'version' },
    { body: '{"version":"4"}', field: 'alerts' },
    { body: '{"version":"4","alerts":[{}]}', field: 'alerts[].fingerprint, .status or .startsAt' },
  ],
})

describe('alertmanager source', () => {
  it('reads a resolved alert without annotations', () => {
    expect(normalise([{ ...firing, status: 'resolved', annotations: undefined }])).toMatchObject([
      { external: 'c0ffee0000000001', status: 'resolved', title: 'OrdersDown', services: ['orders'] },
    ])
  })

  it('counts a severity that is not mapped as 5, which opens least', () => {
    expect(normalise([firing])).toMatchObject([{ severity: 5 }])
    expect(normalise([firing], { critical: 2 })).toMatchObject([{ severity: 2 }])
    const named = { ...firing, labels: { ...firing.labels, severity: 'constructor' } }
    expect(normalise([named])).toMatchObject([{ severity: 5 }])
  })

  it('never claims to be signed', () => {
    expect(alertmanager.trust).toBe('unsigned')
  })
})
