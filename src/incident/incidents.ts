import { type Declaration, declare } from './declare.ts'
import type { Actor, IncidentPorts } from './ports.ts'
import { list, read } from './read.ts'
import { receive } from './receive.ts'
import { resolve } from './resolve.ts'
import type { Headers } from './source.ts'

export type Incidents = ReturnType<typeof createIncidents>

export function createIncidents(ports: IncidentPorts) {
  return {
    receive: (source: string, headers: Headers, body: Buffer) => receive(ports, source, headers, body),
    declare: (by: Actor, declaration: Declaration) => declare(ports, by, declaration),
    resolve: (by: Actor, id: string) => resolve(ports, by, id),
    list: (filter?: { readonly open?: boolean }) => list(ports, filter),
    get: (id: string) => read(ports, id),
  }
}
