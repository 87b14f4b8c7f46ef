import { describe, expect, it } from 'vitest'
import { Dialogue, Request, type RequestKind } from './dialogue.ts'

function asked(...kinds: readonly RequestKind[]): Dialogue {
  const dialogue = new Dialogue()
  for (const kind of kinds) dialogue.ask(new Request(kind))
  return dialogue
}
const rest = (dialogue: Dialogue) => dialogue.abandon().map(request => request.kind)

describe('Dialogue', () => {
  it('an error discards what stands before the next Sync and nothing behind it', () => {
    const dialogue = asked('parse', 'bind', 'execute', 'sync', 'parse', 'sync')
    expect(dialogue.discard().map(request => request.kind)).toEqual(['parse', 'bind', 'execute'])
    expect(dialogue.skipping).toBe(false)
    expect(rest(dialogue)).toEqual(['sync', 'parse', 'sync'])
  })

  it('without a Sync sent, the target goes on discarding', () => {
    const dialogue = asked('parse', 'bind')
    expect(dialogue.discard()).toHaveLength(2)
    expect(dialogue.skipping).toBe(true)
    expect(dialogue.unsynced).toBe(true)
  })

  it('a Sync sent before COPY data is ignored by the target, one behind another message is not', () => {
    const copying = (kind: RequestKind, ...then: readonly (RequestKind | 'end')[]) => {
      const dialogue = new Dialogue()
      const copy = new Request(kind)
      copy.copyIn = true
      dialogue.ask(copy)
      for (const next of then) {
        if (next === 'end') dialogue.copyEnds()
        else dialogue.ask((next === 'sync' ? dialogue.sync() : undefined) ?? new Request(next))
      }
      dialogue.copyBegan()
      return [dialogue.copyIn, ...rest(dialogue)]
    }
    expect(copying('execute', 'sync')).toEqual([true, 'execute'])
    expect(copying('execute', 'sync', 'parse', 'sync')).toEqual([true, 'execute', 'sync', 'parse', 'sync'])
    expect(copying('query', 'sync')).toEqual([true, 'query', 'sync'])
    // The client did not wait for the target to be ready for its data.
    expect(copying('execute', 'end', 'sync')).toEqual([false, 'execute', 'sync'])
    expect(copying('execute', 'sync', 'end', 'sync')).toEqual([false, 'execute', 'sync'])
    expect(copying('execute', 'end', 'sync', 'parse', 'sync')).toEqual([
      false,
      'execute',
      'sync',
      'parse',
      'sync',
    ])
  })

  it('knows whether a simple query would run in the transaction of extended messages', () => {
    expect(asked().unsynced).toBe(false)
    expect(asked('query').unsynced).toBe(false)
    expect(asked('parse', 'sync').unsynced).toBe(false)
    expect(asked('sync', 'bind').unsynced).toBe(true)
  })

  it('stays small over a long pipeline', () => {
    const dialogue = asked('sync')
    for (let i = 0; i < 5000; i++) {
      dialogue.ask(new Request('query', String(i)))
      dialogue.answered()
    }
    expect(dialogue.head?.name).toBe('4999')
    expect(dialogue.quiet).toBe(false)
    dialogue.answered()
    expect(dialogue.quiet).toBe(true)
    expect(dialogue.answered()).toBeUndefined()
  })

  it('COPY data are expected as soon as a message that may start a COPY was sent', () => {
    const dialogue = asked('query')
    expect(dialogue.copyExpected).toBe(false)
    const copy = new Request('query')
    copy.copyIn = true
    dialogue.ask(copy)
    expect(dialogue.copyExpected).toBe(true)
  })
})
