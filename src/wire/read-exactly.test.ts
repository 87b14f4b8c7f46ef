import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { readExactly } from './read-exactly.ts'

describe('readExactly', () => {
  it('takes just what was asked for, however it arrives', async () => {
    const stream = new PassThrough()
    for (const byte of 'abcdefg') stream.write(byte)
    expect((await readExactly(stream, 3))?.toString()).toBe('abc')
    expect((await readExactly(stream, 0))?.length).toBe(0)
    expect(stream.readableLength).toBe(4)
    expect((await readExactly(stream, 4))?.toString()).toBe('defg')
  })

  it('attack 13: waits for the rest without spinning', async () => {
    const stream = new PassThrough()
    stream.write('ab')
    const reading = readExactly(stream, 3)
    let turns = 0
    // A loop that never lets the event loop turn would not come past this.
    for (; turns < 5; turns++) await new Promise(resolve => setImmediate(resolve))
    stream.write('cd')
    expect((await reading)?.toString()).toBe('abc')
    expect(stream.readableLength).toBe(1)
  })

  it.each(['end', 'destroy'] as const)(
    'answers undefined when the stream comes to its %s first',
    async way => {
      const stream = new PassThrough()
      stream.on('error', () => undefined)
      stream.write('a')
      const reading = readExactly(stream, 2)
      setImmediate(() => stream[way]())
      await expect(reading).resolves.toBeUndefined()
      await expect(readExactly(stream, 1)).resolves.toBeUndefined()
    },
  )
})
