import type { Outline } from '../mask/outline.ts'
import { readOutline } from '../mask/read-outline.ts'
import { InspectLane, type Reading } from './lane.ts'
import { shapeOf } from './shape.ts'
import { readTree } from './text.ts'
import type { Inspection, Inspector } from './inspector.ts'
import { VerdictCache } from './verdict-cache.ts'
import { judge, judgeable, unread, type Judgeable } from './verdict.ts'

export interface InspectorOptions {
  /** Characters of the longest text that is read; longer ones are refused as `too_complex`. */
  readonly textAtMost?: number
  /** Milliseconds one text may take in the worker. */
  readonly parseMs?: number
  readonly cacheEntries?: number
  readonly cacheBytes?: number
}

/** Up to this many characters a text takes the quick lane. Reading costs the square of the depth, so this bounds it: bench/inspect.ts. */
const QUICK = 2048
/** Longer texts than this are read anew each time: they are seldom repeated and would push out those that are. */
const CACHED_AT_MOST = 32_768

/** The empty query, which the parser's binding takes for a mistake. */
const NOTHING = judge(judgeable(readTree({})), [])
const NO_OUTLINE = readOutline({})

/**
 * Judges SQL text by PostgreSQL's own grammar, in worker threads. What a text would do depends on the text alone (the parse
 * state is pinned), so it is cached by text; the verdict under a session's rules is then one AND. Long texts have a worker
 * of their own: the slowest parse delays only others that are long.
 */
export function createInspector(options: InspectorOptions = {}): Inspector {
  const {
    textAtMost = 1_048_576,
    parseMs = 2000,
    cacheEntries = 20_000,
    cacheBytes = 32 * 1024 * 1024,
  } = options
  const limits = { parseMs, heapMb: 256, waiting: 16 * textAtMost }
  const quick = new InspectLane(limits)
  const slow = new InspectLane(limits)
  const byText = new VerdictCache<Judgeable>({ entries: cacheEntries, weight: cacheBytes / 2 })
  const outlines = new VerdictCache<Outline>({ entries: cacheEntries / 4, weight: cacheBytes / 4 })
  const byShape = new VerdictCache<Judgeable>({ entries: cacheEntries, weight: cacheBytes / 2 })

  const read = async (
    text: string,
    shape: string | undefined,
    refuse: readonly string[],
  ): Promise<Inspection> => {
    const reading = await (text.length <= QUICK ? quick : slow).read(text)
    if (reading.kind !== 'facts') return refused(reading)
    const subject = judgeable(reading.facts)
    if (shape !== undefined) byShape.set(shape, subject)
    else if (text.length <= CACHED_AT_MOST) byText.set(text, subject)
    return judge(subject, refuse)
  }

  return {
    inspect(text, refuse) {
      if (text === '') return NOTHING
      const known = byText.get(text)
      if (known) return judge(known, refuse)
      if (text.length > textAtMost)
        return unread('too_complex', `a text of more than ${textAtMost} characters`)
      // The server would read up to the NUL only, and the parser here does.
      if (text.includes('\0')) return unread('unparsable', 'the text holds a NUL character')
      const shape = shapeOf(text)
      const alike = shape === undefined ? undefined : byShape.get(shape)
      if (alike) {
        const seen = judge(alike, refuse)
        // A refusal names the place, and numbers of other lengths move it.
        if (seen.objections.length === 0) return seen
      }
      return read(text, shape, refuse)
    },
    outline(text) {
      if (text === '') return NO_OUTLINE
      const known = outlines.get(text)
      if (known) return known
      if (text.length > textAtMost || text.includes('\0')) return undefined
      return (text.length <= QUICK ? quick : slow).read(text, 'outline').then(reading => {
        if (reading.kind !== 'outline') return undefined
        if (text.length <= QUICK) outlines.set(text, reading.outline)
        return reading.outline
      })
    },
    async dissect(text) {
      const reading = await (text.length <= QUICK ? quick : slow).read(text, 'dissection')
      return reading.kind === 'dissection' ? reading.dissection : undefined
    },
    async close() {
      await Promise.all([quick.close(), slow.close()])
    },
  }
}

/** Faults are not cached: the same text may pass when the machine is less busy, and a fault is answered without memory of others. */
function refused(reading: Exclude<Reading, { kind: 'facts' }>): Inspection {
  if (reading.kind === 'outline' || reading.kind === 'dissection')
    return unread('too_complex', 'the statement was read as something else')
  if (reading.kind === 'unparsable')
    return { ...unread('unparsable', `does not parse: ${reading.message}`, reading.at), syntax: true }
  return unread('too_complex', `the statement could not be read: ${reading.why}`)
}
