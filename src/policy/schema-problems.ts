import { z } from 'zod'
import type { Problem } from './problem.ts'
import type { YamlFile } from './read-yaml.ts'
import { suggest } from './suggest.ts'

/** What the schema found, said in the words of the file and placed in it. */
export function schemaProblems(schema: z.ZodType, error: z.ZodError, file: YamlFile): readonly Problem[] {
  return error.issues.flatMap(issue => placed(schema, issue, file)).slice(0, 50)
}

function placed(schema: z.ZodType, issue: z.core.$ZodIssue, file: YamlFile): readonly Problem[] {
  const path = issue.path.filter(key => typeof key !== 'symbol')
  const name = path.join('.') || 'the file'
  if (issue.code === 'unrecognized_keys') {
    const allowed = fieldsAt(schema, path)
    return issue.keys.map(key => ({
      file: file.path,
      ...file.placeOfKey(path, key),
      message: `unknown field "${key}"${path.length > 0 ? ` in ${name}` : ''}`,
      next: allowed.length > 0 ? suggest(key, allowed) : 'Remove it.',
    }))
  }
  const at = { file: file.path, ...file.place(path) }
  if (path.length > 0 && valueAt(file.value, path) === undefined) {
    return [{ ...at, message: `${name} is missing`, next: 'docs/PROCEDURES.md says what belongs there.' }]
  }
  if (issue.code === 'invalid_type') {
    const kind =
      issue.expected === 'object'
        ? 'hold fields'
        : issue.expected === 'array'
          ? 'be a list'
          : `be of type ${issue.expected}`
    const own = issue.message.startsWith('must ') ? issue.message : `must ${kind}`
    return [{ ...at, message: `${name} ${own}`, next: 'docs/PROCEDURES.md shows a whole procedure.' }]
  }
  if (issue.code === 'invalid_value') {
    return [
      {
        ...at,
        message: `${name} is not one of ${issue.values.join(', ')}`,
        next: suggest(String(valueAt(file.value, path)), issue.values.map(String)),
      },
    ]
  }
  const message = issue.message.startsWith('must ') ? `${name} ${issue.message}` : `${name}: ${issue.message}`
  return [{ ...at, message, next: 'docs/PROCEDURES.md says what fits.' }]
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let found = value
  for (const key of path) {
    if (typeof found !== 'object' || found === null) return undefined
    found = (found as Record<string | number, unknown>)[key]
  }
  return found
}

/** Field names the schema has at a path; empty where it has no fields of its own. */
function fieldsAt(schema: z.ZodType, path: readonly (string | number)[]): readonly string[] {
  let here: unknown = bare(schema)
  for (const key of path) {
    if (here instanceof z.ZodObject) here = bare((here.shape as Record<string, unknown>)[String(key)])
    else if (here instanceof z.ZodArray) here = bare(here.element)
    else return []
  }
  return here instanceof z.ZodObject ? Object.keys(here.shape) : []
}

function bare(schema: unknown): unknown {
  let inner = schema
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault)
    inner = inner.unwrap()
  return inner
}
