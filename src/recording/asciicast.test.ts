import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '../kernel/json.ts'
import { openCast } from './asciicast.ts'
import type { RecordedEntry } from './read-actions.ts'

const BEGAN = 1_700_000_000_500

const entry = (
  type: string,
  data: JsonObject,
  payload?: JsonValue,
  more: Partial<RecordedEntry> = {},
): RecordedEntry => ({ index: 0, t: BEGAN, type, data, ...(payload !== undefined && { payload }), ...more })
const shell = (n: number, detail: JsonObject = { term: 'xterm-256color', cols: 120, rows: 40 }) =>
  entry('action', { kind: 'shell', n, verbs: ['shell'] }, { detail }, { outcome: 'allowed' })
const stream = (n: number, events: JsonValue, more: Partial<RecordedEntry> = {}) =>
  entry('stream', { n }, { events }, more)
const result = (n: number, data: JsonObject = {}) => entry('result', { n, rows: 0, bytes: 1, ms: 1, ...data })
const closed = (ms: number, reason = 'expired') =>
  entry('session.closed', { reason }, undefined, { t: BEGAN + ms })

async function cast(entries: readonly RecordedEntry[], terminal = 1): Promise<unknown[]> {
  async function* source() {
    yield* entries
  }
  const lines: unknown[] = []
  for await (const line of await openCast(source(), terminal)) lines.push(JSON.parse(line))
  return lines
}

describe('a terminal as asciicast v3', () => {
  it('has a header and events by the time since the one before', async () => {
    expect(
      await cast([
        shell(1),
        stream(1, [
          [248, 'o', '$ '],
          [1249, 'i', 'ls\r'],
          [1249, 'o', 'ls\r\n'],
        ]),
        stream(1, [
          [3000, 'r', '90x30'],
          [3001, 'e', 'oops'],
          [4000, 'x', '0'],
        ]),
        result(1),
        stream(1, [[5000, 'o', 'of nobody']]),
      ]),
    ).toEqual([
      { version: 3, term: { cols: 120, rows: 40, type: 'xterm-256color' }, timestamp: 1_700_000_000 },
      [0.248, 'o', '$ '],
      [1.001, 'i', 'ls\r'],
      [0, 'o', 'ls\r\n'],
      [1.751, 'r', '90x30'],
      [0.001, 'o', 'oops'],
      [0.999, 'x', '0'],
    ])
  })

  it('is chosen by number among those that had one, and none mixes with another', async () => {
    const entries = [
      entry('action', { kind: 'exec', n: 1 }, { text: 'ls' }, { outcome: 'allowed' }),
      stream(1, [[1, 'o', 'no terminal']]),
      entry(
        'action',
        { kind: 'shell', n: 2 },
        { detail: { term: 'x', cols: 80, rows: 24 } },
        { outcome: 'refused' },
      ),
      shell(3),
      entry(
        'action',
        { kind: 'exec', n: 4 },
        { text: 'vim f', detail: { term: 'xterm', cols: 80, rows: 24 } },
        { outcome: 'allowed' },
      ),
      stream(4, [[1, 'o', 'second']]),
      stream(3, [[1, 'o', 'first']]),
      result(3),
      result(4),
    ]
    expect((await cast(entries, 1)).slice(1)).toEqual([[0.001, 'o', 'first']])
    expect(await cast(entries, 2)).toEqual([
      { version: 3, term: { cols: 80, rows: 24, type: 'xterm' }, timestamp: 1_700_000_000, command: 'vim f' },
      [0.001, 'o', 'second'],
    ])
    await expect(cast(entries, 3)).rejects.toMatchObject({ code: 'not_found', facts: { terminals: 2 } })
  })

  it('says by a marker what is missing, and when', async () => {
    const begun = [shell(1), stream(1, [[1000, 'o', '$ ']])]
    expect((await cast([...begun, closed(2500)])).at(-1)).toEqual([
      1.5,
      'm',
      'cut: the session ended (expired)',
    ])
    expect((await cast([...begun, result(1, { cut: true })])).at(-1)).toEqual([
      0,
      'm',
      'cut: not everything was recorded',
    ])
    expect((await cast(begun)).at(-1)).toEqual([0, 'm', 'cut: still running when this was written'])
    const { payload: _erased, ...rest } = stream(1, [], { erased: true, t: BEGAN + 1200 })
    expect((await cast([...begun, rest, result(1)])).at(-1)).toEqual([0.2, 'm', 'erased'])
  })

  it('of an erased session is refused as erased', async () => {
    const { payload: _payload, ...action } = shell(1)
    await expect(cast([{ ...action, erased: true }, closed(1)])).rejects.toMatchObject({
      code: 'evidence.erased',
    })
  })

  it('has a size that players take where the client knew none', async () => {
    expect((await cast([shell(1, { term: '', cols: 0, rows: 0 }), result(1)]))[0]).toEqual({
      version: 3,
      term: { cols: 80, rows: 24 },
      timestamp: 1_700_000_000,
    })
  })

  it('passes over entries of another shape', async () => {
    const noise = fc.oneof(
      fc.jsonValue(),
      fc.array(fc.tuple(fc.oneof(fc.integer(), fc.string()), fc.constantFrom('o', 'q', 7), fc.jsonValue())),
    )
    await fc.assert(
      fc.asyncProperty(noise, async events => {
        const lines = await cast([shell(1), stream(1, events), result(1)])
        for (const line of lines.slice(1)) expect(line).toEqual([expect.any(Number), 'o', expect.any(String)])
      }),
    )
  })

  it('keeps times whole over any number of events', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5_000), { maxLength: 50 }), async gaps => {
        let ms = 0
        const events = gaps.map(gap => [(ms += gap), 'o', 'x'])
        const lines = (await cast([shell(1), stream(1, events), result(1)])).slice(1) as [number][]
        expect(lines.reduce((sum, [interval]) => sum + Math.round(interval * 1000), 0)).toBe(ms)
      }),
    )
  })
})
