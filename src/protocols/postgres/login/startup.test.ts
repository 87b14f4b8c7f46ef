import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFault } from '../../../kernel/faults.ts'
import { cancelRequest, sslRequest, startup } from '../messages/encode.ts'
import { checkStartup, decodeFirstPacket } from './startup.ts'

const word = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 })

describe('the first packet', () => {
  it('reads back what was written', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          word,
          fc.string({ unit: 'grapheme', maxLength: 20 }).filter(text => !text.includes('\0')),
        ),
        entries => {
          const packet = decodeFirstPacket(startup(entries).subarray(4))
          expect(packet).toEqual({ kind: 'startup', minor: 0, parameters: new Map(Object.entries(entries)) })
        },
      ),
    )
    expect(decodeFirstPacket(sslRequest().subarray(4))).toEqual({ kind: 'ssl' })
    const key = Buffer.from([1, 2, 3, 4])
    expect(decodeFirstPacket(cancelRequest(77, key).subarray(4))).toEqual({ kind: 'cancel', pid: 77, key })
  })

  it('attack 13: any bytes are a packet or a violation, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
        for (const body of [Buffer.from(bytes), Buffer.concat([Buffer.from([0, 3, 0, 0]), bytes])]) {
          try {
            const packet = decodeFirstPacket(body)
            if (packet.kind === 'startup') checkStartup(packet.parameters)
          } catch (cause) {
            expect(isFault(cause, 'protocol.violation') || isFault(cause, 'input.invalid')).toBe(true)
          }
        }
      }),
    )
  })

  it('attack 13: a database name that looks like more stays one literal', () => {
    const said = checkStartup(
      new Map([
        ['user', 'u'],
        ['database', 'shop host=evil sslmode=disable'],
      ]),
    )
    expect(said.database).toBe('shop host=evil sslmode=disable')
    expect(said.settings).toEqual({})
  })

  it('attack 14: nothing in the options changes how statements are read or who runs them', () => {
    const name = fc.constantFrom(
      'standard_conforming_strings',
      'client_encoding',
      'role',
      'session_authorization',
      'session_replication_role',
      'search_path',
      'local_preload_libraries',
    )
    const spelt = fc.tuple(name, fc.infiniteStream(fc.nat(3))).map(([text, choice]) =>
      Array.from(text)
        .map(letter => {
          const how = choice.next().value
          if (letter === '_') return how === 0 ? '-' : '_'
          return how === 1 ? letter.toUpperCase() : how === 2 ? `\\${letter}` : letter
        })
        .join(''),
    )
    const form = fc.constantFrom('-c ', '-c', '--', ' -c   ', '-c geqo=off --')
    fc.assert(
      fc.property(spelt, form, fc.constantFrom('off', 'SJIS', 'postgres', 'x'), (setting, before, value) => {
        expect(() =>
          checkStartup(
            new Map([
              ['user', 'u'],
              ['options', `${before}${setting}=${value}`],
            ]),
          ),
        ).toThrow(/fixed to|is not passed on/)
      }),
    )
  })

  it('takes what common clients send', () => {
    const jdbc = {
      user: 'u',
      database: 'd',
      client_encoding: 'UTF8',
      DateStyle: 'ISO',
      TimeZone: 'Europe/Berlin',
      extra_float_digits: '2',
    }
    expect(checkStartup(new Map(Object.entries(jdbc))).settings).toEqual({
      datestyle: 'ISO',
      timezone: 'Europe/Berlin',
      extra_float_digits: '2',
    })
    const psql = {
      user: 'u',
      application_name: 'psql',
      client_encoding: 'utf-8',
      options: '-c statement_timeout=5s --geqo=off',
    }
    expect(checkStartup(new Map(Object.entries(psql)))).toMatchObject({
      application: 'psql',
      settings: { statement_timeout: '5s', geqo: 'off' },
    })
  })
})
