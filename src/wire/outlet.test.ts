import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Outlet } from './outlet.ts'

describe('Outlet', () => {
  it('writes all parts in order, as few writes as there are gaps', () => {
    const part = fc.record({
      chunk: fc.integer({ min: 0, max: 2 }),
      skip: fc.integer({ min: 0, max: 2 }),
      size: fc.integer({ min: 1, max: 5 }),
    })
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 20 }), list => {
        const chunks = ['abcdefghijklmnopqrstuvwxyz', '0123456789', 'ABCDEFGHIJ'].map(text =>
          Buffer.from(text.repeat(20)),
        )
        const stream = new PassThrough()
        const writes: Buffer[] = []
        stream.write = ((bytes: Buffer) => {
          writes.push(bytes)
          return true
        }) as typeof stream.write
        const outlet = new Outlet(stream)
        const at = [0, 0, 0]
        const expected: Buffer[] = []
        let gaps = 0
        let before = -1
        for (const { chunk, skip, size } of list) {
          const bytes = chunks[chunk] as Buffer
          const start = (at[chunk] ?? 0) + skip
          at[chunk] = start + size
          if (chunk !== before || skip > 0) gaps++
          before = chunk
          outlet.add(bytes, start, start + size)
          expected.push(bytes.subarray(start, start + size))
        }
        expect(outlet.flush()).toBe(true)
        expect(Buffer.concat(writes).toString()).toBe(Buffer.concat(expected).toString())
        expect(writes).toHaveLength(gaps)
        writes.length = 0
        outlet.flush()
        expect(writes).toHaveLength(0)
      }),
    )
  })

  it('hands on a chunk that passes unchanged as it is', () => {
    const stream = new PassThrough()
    const outlet = new Outlet(stream)
    const chunk = Buffer.from('abc')
    outlet.add(chunk, 0, 1)
    outlet.add(chunk, 1, 3)
    const [write] = [stream.write.bind(stream)]
    let written: unknown
    stream.write = ((bytes: Buffer) => {
      written = bytes
      return write(bytes)
    }) as typeof stream.write
    outlet.flush()
    expect(written).toBe(chunk)
  })

  it('says when the other side is slow, and writes nothing to one that is gone', () => {
    const stream = new PassThrough({ highWaterMark: 4 })
    const outlet = new Outlet(stream)
    outlet.add(Buffer.from('abcdef'))
    expect(outlet.flush()).toBe(false)
    expect(outlet.flush()).toBe(false)
    stream.destroy()
    outlet.add(Buffer.from('x'))
    expect(outlet.flush()).toBe(true)
  })
})
