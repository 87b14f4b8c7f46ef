import { newId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { NewEvent } from '../journal/slice.ts'
import type { AlertMessage } from './alert.ts'
import type { Channel } from './channel.ts'
import type { Naming } from './compose.ts'
import type { Routes } from './routes.ts'

export interface RequestedFacts {
  readonly to?: readonly string[]
  readonly on?: readonly string[]
  readonly nobody?: readonly string[]
}

/** `grant.requested` as grants log it, as far as alerts read it. */
export function requested(grant: string, { to, on, nobody }: RequestedFacts = {}): NewEvent {
  return {
    type: 'grant.requested',
    subject: 'p_ana',
    target: 'orders-db',
    data: {
      grant,
      target: 'orders-db',
      scope: 'repair',
      duration_ms: 1_800_000,
      terms: {
        procedure: 'orders-db-emergency',
        alert: {
          to: to ?? ['security', 'pager'],
          on: on ?? ['requested', 'activated', 'denied', 'ended', 'finding'],
        },
      },
      approval: { mode: 'people', ask: { ...(nobody && { nobody: { alert: nobody } }) } },
    },
    payload: { reason: 'orders fail' },
    seal: 'p_ana',
  }
}

export function told(type: string, grant: string, data: JsonObject = {}): NewEvent {
  return { type, subject: 'p_ana', target: 'orders-db', data: { grant, ...data } }
}

export const newGrant = (): string => newId('grant')

/** A channel whose `send` is the test's. */
export function channel(id: string, send: (message: AlertMessage) => Promise<void>): Channel {
  return { id, kind: 'test', send, close: () => undefined }
}

export function routesOf(
  destinations: Readonly<Record<string, readonly Channel[]>>,
  always: readonly string[] = [],
): Routes {
  return { destinations: new Map(Object.entries(destinations)), always }
}

export const naming: Omit<Naming, 'payload'> = {
  organisation: 'acme',
  handleOf: person => (person === 'p_ana' ? 'ana' : undefined),
  linkTo: path => `https://breakglass.acme.example${path}`,
}
