import type { JSONValue } from 'hono/utils/types'

/** A prompt as JSON. The library types its options as a DOM dictionary; it makes nothing that JSON cannot hold. */
export function promptShown(prompt: { readonly attempt: string; readonly options: { challenge: string } }) {
  const options = prompt.options as unknown as { challenge: string; [field: string]: JSONValue }
  return { attempt: prompt.attempt, options }
}
