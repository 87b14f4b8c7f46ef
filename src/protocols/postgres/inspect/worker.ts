import { parentPort } from 'node:worker_threads'
import { loadModule, parseSync, scanSync, SqlError } from 'libpg-query'
import { readOutline } from '../mask/read-outline.ts'
import { dissect, type Grammar } from '../rehearse/dissect.ts'
import type { LaneAsk, LaneReply } from './lane.ts'
import { placed } from './placed.ts'
import { readTree } from './text.ts'
import type { Node } from './tree.ts'

/**
 * The parser lives here because a text can overflow its stack; after that its memory cannot be trusted, so whatever is not an
 * answer of the grammar is a fault, upon which the owner of this thread ends it.
 */
const port = parentPort
if (!port) throw new Error('inspect/worker runs as a worker thread')

await loadModule()
port.on('message', (ask: LaneAsk) => port.postMessage(read(ask)))
port.postMessage({ kind: 'ready' } satisfies LaneReply)

const grammar: Grammar = {
  parse: text => parseSync(text) as unknown as Node,
  scan: text => scanSync(text).tokens,
}

function read({ text, want }: LaneAsk): LaneReply {
  try {
    if (want === 'dissection') return { kind: 'dissection', dissection: dissect(text, grammar) }
    const tree = parseSync(text) as unknown as Node
    return want === 'facts'
      ? { kind: 'facts', facts: placed(readTree(tree), text) }
      : { kind: 'outline', outline: readOutline(tree) }
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'fault', why: 'it is nested too deeply' }
    if (!(error instanceof SqlError)) return { kind: 'fault', why: 'the parser failed on it' }
    // The grammar's own stack is bounded; running into the bound is an orderly error, but no verdict on the text.
    if (error.message.startsWith('memory exhausted')) return { kind: 'fault', why: 'it is nested too deeply' }
    return { kind: 'unparsable', message: error.message, at: error.sqlDetails?.cursorPosition ?? 0 }
  }
}
