import { describe, expect, it } from 'vitest'
import { jsonSchemas } from './json-schema.ts'

describe('the published JSON Schemas', () => {
  it.each(Object.entries(jsonSchemas()))('%s is current', async (name, schema) => {
    // `npx vitest run src/policy/json-schema -u` writes it again after a change of schema.ts.
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(`../../schema/${name}`)
  })

  it('refuse unknown fields everywhere and demand only what has no default', () => {
    const { 'procedure.schema.json': schema } = jsonSchemas()
    expect(schema).toMatchObject({
      additionalProperties: false,
      required: ['procedure', 'purpose', 'targets', 'who', 'when', 'approval', 'scope', 'alert', 'review'],
    })
    const open: string[] = []
    const visit = (at: unknown, path: string): void => {
      if (typeof at !== 'object' || at === null) return
      if (
        'type' in at &&
        at.type === 'object' &&
        !('additionalProperties' in at && at.additionalProperties === false)
      )
        open.push(path)
      for (const [key, value] of Object.entries(at)) visit(value, `${path}/${key}`)
    }
    visit(jsonSchemas(), '')
    expect(open).toEqual([])
  })
})
