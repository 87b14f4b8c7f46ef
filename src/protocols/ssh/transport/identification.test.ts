import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Identification } from './identification.ts'

/** What comes out of it, piece by piece. */
function through(from: 'fromClient' | 'fromServer', pieces: readonly Buffer[]): Buffer[] {
  const identification = new Identification(from)
  return pieces.flatMap(piece => identification.take(piece) ?? [])
}

const bytewise = (text: string): Buffer[] => Array.from(Buffer.from(text), byte => Buffer.of(byte))

describe('Identification', () => {
  it('comes in one piece however it was cut, and nothing is lost or added', () => {
    const line = 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n'
    fc.assert(
      fc.property(
        fc.constantFrom('', 'welcome\r\n', 'one\ntwo\n\n'),
        fc.uint8Array({ maxLength: 40 }),
        fc.array(fc.nat({ max: 100 }), { maxLength: 12 }),
        (before, behind, cuts) => {
          const all = Buffer.concat([Buffer.from(before + line), behind])
          const at = [0, ...cuts.map(cut => cut % all.length), all.length].toSorted((a, b) => a - b)
          const pieces = at.slice(1).map((end, i) => all.subarray(at[i], end))
          const [first, ...others] = through('fromServer', pieces)
          expect(first?.toString('latin1').startsWith(before + line)).toBe(true)
          expect(Buffer.concat([first ?? Buffer.alloc(0), ...others])).toEqual(all)
        },
      ),
    )
  })

  it('of a client is its first line, whatever that says', () => {
    expect(through('fromClient', bytewise('SSH-2.0-x\r\nab')).map(String)).toEqual([
      'SSH-2.0-x\r\n',
      'a',
      'b',
    ])
    expect(through('fromClient', bytewise('GET / HTTP/1.1\r\n')).map(String)).toEqual(['GET / HTTP/1.1\r\n'])
  })

  it('attack 13: a line without end is held up to its bound, then given on as it is', () => {
    expect(through('fromClient', bytewise('x'.repeat(254)))).toEqual([])
    expect(through('fromClient', bytewise('x'.repeat(255)))).toHaveLength(1)
    const lines = Array.from({ length: 70 }, () => Buffer.alloc(1024, 'welcome\n'))
    expect(through('fromServer', lines)[0]).toHaveLength(64 * 1024)
  })
})
