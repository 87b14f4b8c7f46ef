import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFault } from '../../../kernel/faults.ts'
import {
  decodeBind,
  decodeExecute,
  decodeNamed,
  decodeParse,
  decodeQuery,
  decodeReport,
  decodeRowDescription,
  nameKey,
  rowsOfTag,
} from './decode.ts'
import { errorResponse, execute, parse, query } from './encode.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 40 }).filter(value => !value.includes('\0'))
const body = (message: Buffer): [Buffer, number, number] => [message, 5, message.length]

describe('messages', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(text, text, fc.nat(), (a, b, rows) => {
        expect(decodeQuery(...body(query(a)))).toBe(a)
        expect(decodeParse(...body(parse(nameKey(a), b)))).toEqual({ name: nameKey(a), text: b })
        expect(decodeExecute(...body(execute(nameKey(a), rows % 2 ** 31)))).toEqual({
          portal: nameKey(a),
          maxRows: rows % 2 ** 31,
        })
      }),
    )
  })

  it('attack 13: any bytes are a message or a violation, and nothing beyond the end is read', () => {
    const decoders = [decodeQuery, decodeParse, decodeExecute, decodeNamed, decodeRowDescription] as const
    const bind = (bytes: Buffer, start: number, end: number) => decodeBind(bytes, start, end, true)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 10 }), (bytes, beyond) => {
        const whole = Buffer.concat([bytes, beyond])
        for (const decode of [...decoders, bind]) {
          const outcome = (given: Buffer) => {
            try {
              return JSON.stringify(decode(given, 0, bytes.length))
            } catch (cause) {
              expect(isFault(cause, 'protocol.violation')).toBe(true)
              return 'violation'
            }
          }
          expect(outcome(whole)).toBe(outcome(Buffer.from(bytes)))
        }
      }),
    )
  })

  it('attack 14: the same names are the same for the server and for us: the first 63 bytes', () => {
    expect(nameKey('é'.repeat(40))).toBe(
      nameKey(`${'é'.repeat(31)}${Buffer.from([0xc3]).toString('latin1')}`).slice(0, 62) + '\u00c3',
    )
    const long = 'x'.repeat(70)
    const named = Buffer.concat([Buffer.from('S'), Buffer.from(`${long}\0`)])
    expect(decodeNamed(named, 0, named.length).name).toBe(nameKey(long))
    expect(nameKey(long)).toHaveLength(63)
  })

  it('attack 14: bytes that are not UTF-8 give no text; a replacement character that was sent is one', () => {
    const raw = (...bytes: readonly number[]) => decodeQuery(Buffer.from([...bytes, 0]), 0, bytes.length + 1)
    expect(raw(0x73, 0xff)).toBeUndefined()
    expect(raw(0xc0, 0xa7)).toBeUndefined()
    expect(raw(0xef, 0xbf, 0xbd)).toBe('\ufffd')
  })

  it.each([
    ['INSERT 0 5', 5],
    ['SELECT 1234567', 1_234_567],
    ['UPDATE 0', 0],
    ['BEGIN', undefined],
    ['CREATE TABLE', undefined],
    ['X9', undefined],
    ['', undefined],
  ])('%s has %s rows', (tag, rows) => {
    const bytes = Buffer.from(`C....${tag}\0`)
    expect(rowsOfTag(bytes, 5, bytes.length)).toBe(rows)
  })

  it('a report cut off anywhere gives the fields that are complete', () => {
    const whole = errorResponse({ severity: 'FATAL', code: '57P01', message: 'gone', hint: 'try again' })
    expect(decodeReport(whole, 5, whole.length)).toEqual({
      severity: 'FATAL',
      code: '57P01',
      message: 'gone',
      routine: '',
    })
    for (let end = 5; end < whole.length; end++) {
      const { code, message } = decodeReport(whole, 5, end)
      expect(['57P01', 'XX000']).toContain(code)
      expect(['gone', '']).toContain(message)
    }
  })
})
