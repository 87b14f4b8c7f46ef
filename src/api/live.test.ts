import { connect } from 'node:net'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { live, type LiveMessage } from './live.ts'
import { type ApiServer, serveApi } from './serve.ts'
import { until } from '../../test/support/wait.ts'

let api: ApiServer
let allowed: boolean
const readers = new Set<(message: LiveMessage) => void>()
const tell = (data: string): void => readers.forEach(send => send({ event: 'grant', data }))

beforeEach(async () => {
  allowed = true
  const app = new Hono()
  app.get('/live', c =>
    live(c, {
      start: send => {
        readers.add(send)
        return () => readers.delete(send)
      },
      stillAllowed: () => allowed,
      heartbeatMs: 50,
    }),
  )
  api = await serveApi({ fetch: app.fetch, host: '127.0.0.1', port: 0 })
})
afterEach(() => api.close(0))

describe('a live view', () => {
  it('delivers in order and keeps the connection warm', async () => {
    const response = await fetch(`http://127.0.0.1:${api.port}/live`)
    await until(() => readers.size === 1)
    for (const word of ['one', 'two\nlines', 'three']) tell(word)
    const text: string[] = []
    const decoder = new TextDecoder()
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text.push(decoder.decode(chunk, { stream: true }))
      if (text.join('').includes('still here')) break
    }
    expect(text.join('').split('\n\n').slice(0, 3)).toEqual([
      'event: grant\ndata: "one"',
      'event: grant\ndata: "two\\nlines"',
      'event: grant\ndata: "three"',
    ])
    await until(() => readers.size === 0)
  })

  it('requirement 8: ends for somebody who was removed, without the message that follows', async () => {
    const response = await fetch(`http://127.0.0.1:${api.port}/live`)
    await until(() => readers.size === 1)
    tell('seen')
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!text.includes('seen')) text += (await reader?.read())?.value ?? ''
    allowed = false
    tell('unseen')
    for (let read = await reader?.read(); read?.done === false; read = await reader?.read())
      text += read.value
    expect(text).not.toContain('unseen')
    expect(readers.size).toBe(0)
  })

  it('attack 13: a reader that does not read is cut, others are not', async () => {
    const slow = connect(api.port, '127.0.0.1')
    slow.on('error', () => undefined)
    slow.pause()
    slow.write('GET /live HTTP/1.1\r\nHost: x\r\n\r\n')
    const other = await fetch(`http://127.0.0.1:${api.port}/live`)
    await until(() => readers.size === 2)
    const seen: string[] = []
    const reading = (async () => {
      for await (const chunk of other.body as unknown as AsyncIterable<Uint8Array>) {
        seen.push(new TextDecoder().decode(chunk))
        if (seen.at(-1)?.includes('last')) break
      }
    })()
    const long = 'x'.repeat(64 * 1024)
    for (let sent = 0; sent < 2_000 && readers.size === 2; sent++) {
      tell(long)
      await new Promise(resolve => setImmediate(resolve))
    }
    expect(readers.size).toBe(1)
    tell('last')
    await reading
    slow.destroy()
    expect(seen.length).toBeGreaterThan(0)
  })
})
