import { sha256Hex } from '../kernel/bytes.ts'
import { Fault } from '../kernel/faults.ts'
import { type IncidentId, newId } from '../kernel/ids.ts'
import type { Actor, IncidentPorts } from './ports.ts'
import { line, names } from './fields.ts'
import { factsToLeaf } from './stored-incident.ts'

export interface Declaration {
  readonly title: string
  /** 1 (worst) to 5. */
  readonly severity: number
  readonly services: readonly string[]
  readonly environments?: readonly string[]
  readonly drill?: boolean
}

/** The source of incidents that people declare here: trust `self`, which never approves its author. */
export const SELF = 'self'

/** Faults: `input.invalid`. Resolves when it is signed into the log. */
export async function declare(
  { journal }: IncidentPorts,
  by: Actor,
  declaration: Declaration,
): Promise<IncidentId> {
  const title = line(declaration.title, 500)
  if (title === '') throw refused('a title of 1 to 500 characters')
  const { severity } = declaration
  if (!Number.isInteger(severity) || severity < 1 || severity > 5)
    throw refused('a severity from 1 (worst) to 5')
  const services = names(declaration.services)
  if (services.length === 0 || services.length !== new Set(declaration.services).size)
    throw refused('1 to 32 services, each a plain name of at most 64 characters')
  const environments = names(declaration.environments)
  const id = newId('incident')
  await journal.execute((_, { wall }) => ({
    events: [
      {
        type: 'incident.recorded',
        subject: by.person,
        data: factsToLeaf({
          id,
          source: SELF,
          external: sha256Hex(id),
          trust: 'self',
          status: 'open',
          severity,
          services,
          environments,
          responders: [],
          declaredBy: by.person,
          drill: declaration.drill === true,
          openedAt: wall,
          updatedAt: wall,
        }),
        payload: { title },
        seal: id,
      },
    ],
    result: undefined,
  }))
  return id
}

function refused(wanted: string): Fault {
  return new Fault('input.invalid', `An incident needs ${wanted}.`, {
    next: 'Correct it and declare it again.',
  })
}
