import type { Fault } from '../../../kernel/faults.ts'
import { invalid, isObject, jsonObject, line, link, moment, names, severity } from '../../fields.ts'
import type { Mapping, Reported } from '../../source.ts'

type Labels = Readonly<Record<string, unknown>>

/**
 * Webhook message, version 4 (Prometheus docs, "webhook_config"): every alert of the group is an incident, named by its
 * fingerprint, which Alertmanager derives from the labels. Annotations may be absent once it is resolved, so nothing that
 * decides comes from them. Labels read: `alertname`, `severity`, `service`, `environment` or `env`, `drill`.
 */
export function normalise(body: Buffer, mapping: Mapping, sentAt: number): readonly Reported[] | Fault {
  const message = jsonObject(body)
  if (!message) return invalid('the body', 'a JSON object')
  if (message.version !== '4') return invalid('version', 'the text "4"')
  if (!Array.isArray(message.alerts)) return invalid('alerts', 'a list')
  const reports = message.alerts.map(alert =>
    isObject(alert) ? reported(alert, mapping, sentAt) : undefined,
  )
  const understood = reports.filter(report => report !== undefined)
  if (understood.length === 0 && reports.length > 0)
    return invalid('alerts[].fingerprint, .status or .startsAt', 'Alertmanager does')
  return understood
}

/** One malformed alert costs the others of its group nothing. */
function reported(
  alert: Readonly<Record<string, unknown>>,
  mapping: Mapping,
  sentAt: number,
): Reported | undefined {
  const labels: Labels = isObject(alert.labels) ? alert.labels : {}
  const annotations: Labels = isObject(alert.annotations) ? alert.annotations : {}
  const external = line(alert.fingerprint, 64)
  const startsAt = moment(alert.startsAt)
  if (external === '' || startsAt === undefined) return undefined
  if (alert.status !== 'firing' && alert.status !== 'resolved') return undefined
  return {
    external,
    title: line(annotations.summary ?? labels.alertname, 500),
    status: alert.status === 'resolved' ? 'resolved' : 'open',
    severity: severity(labels.severity, mapping.severity),
    services: names([labels.service]),
    environments: names([labels.environment ?? labels.env]),
    responders: [],
    declaredBy: { machine: 'alertmanager' },
    openedAt: startsAt,
    // `startsAt` stays while an alert that was thought to have ended goes on, so it cannot order firing against resolved.
    updatedAt: sentAt,
    drill: labels.drill === 'true',
    url: link(alert.generatorURL),
  }
}
