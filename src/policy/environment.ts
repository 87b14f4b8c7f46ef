import { Environment } from '@marcbachmann/cel-js'

const TIME = 'google.protobuf.Timestamp'

/**
 * The variables of a condition with their types, for the parser and the type checker. Evaluation is ours
 * (`compile-expression.ts`). Built once per process; compiling many conditions shares it.
 */
export const environment = new Environment({
  limits: { maxAstNodes: 400, maxDepth: 40, maxListElements: 100, maxCallArguments: 4 },
})
  .registerType('Responder', { fields: { person: 'string', role: 'string', state: 'string' } })
  .registerType('Incident', {
    fields: {
      id: 'string',
      source: 'string',
      trust: 'string',
      status: 'string',
      severity: 'int',
      services: 'list<string>',
      environments: 'list<string>',
      responders: 'list<Responder>',
      declared_by: 'string',
      opened_at: TIME,
      updated_at: TIME,
      seen_at: TIME,
      drill: 'bool',
      url: 'string',
    },
  })
  .registerType('Requester', { fields: { id: 'string', groups: 'list<string>' } })
  .registerType('Target', {
    fields: { name: 'string', protocol: 'string', environment: 'string', services: 'list<string>' },
  })
  .registerType('Request', { fields: { duration: 'google.protobuf.Duration' } })
  .registerVariable('requester', 'Requester')
  .registerVariable('incident', 'Incident')
  .registerVariable('target', 'Target')
  .registerVariable('request', 'Request')
  .registerVariable('now', TIME)
  .registerFunction('string.re2(string): bool', declaredOnly, { async: false })

function declaredOnly(): never {
  throw new Error('re2() is compiled, not called')
}
