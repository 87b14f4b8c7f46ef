import { connect } from 'node:net'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Fault } from '../kernel/faults.ts'
import { follow, type FollowOptions } from './follow.ts'
import type { LiveMessage } from './live.ts'
import { type ApiServer, serveApi } from './serve.ts'
import { until } from '../../test/support/wait.ts'

let api: ApiServer
let options: Partial<FollowOptions>
/** Sources that were ended properly. */
let ended: number
let asked: number
let unforeseen: unknown[]

beforeEach(async () => {
  options = {}
  ended = 0
  asked = 0
  unforeseen = []
  const app = new Hono()
  app.get('/live', c =>
    follow(c, {
      messages: endless,
      stillAllowed: () => true,
      onInternal: cause => unforeseen.push(cause),
      heartbeatMs: 50,
      ...options,
    }),
  )
  api = await serveApi({ fetch: app.fetch, host: '127.0.0.1', port: 0 })
})
afterEach(() => api.close(0))

const words = (...texts: string[]) =>
  async function* (signal: AbortSignal): AsyncGenerator<LiveMessage> {
    try {
      for (const data of texts) yield { event: 'entry', data }
      await new Promise(resolve => signal.addEventListener('abort', resolve))
    } finally {
      ended++
    }
  }

async function* endless(): AsyncGenerator<LiveMessage> {
  try {
    for (;;) {
      asked++
      yield { event: 'entry', data: 'x'.repeat(64 * 1024) }
    }
  } finally {
    ended++
  }
}

async function read(stop: (text: string) => boolean): Promise<string> {
  const leaving = new AbortController()
  const response = await fetch(`http://127.0.0.1:${api.port}/live`, { signal: leaving.signal })
  let text = ''
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString()
    if (stop(text)) break
  }
  leaving.abort()
  return text
}

describe('following', () => {
  it('delivers in order, keeps the connection warm, and ends its source when the reader goes', async () => {
    options = { ...options, messages: words('one', 'two\nlines') }
    const text = await read(so => so.includes('still here'))
    expect(text.split('\n\n').slice(0, 2)).toEqual([
      'event: entry\ndata: "one"',
      'event: entry\ndata: "two\\nlines"',
    ])
    await until(() => ended === 1)
  })

  it('requirement 8: ends at a heartbeat for somebody who was removed while nothing happened', async () => {
    let allowed = true
    options = { ...options, messages: words('seen') }
    options = { ...options, stillAllowed: () => allowed }
    const text = await read(so => {
      allowed = !so.includes('seen')
      return false
    })
    expect(text).toContain('seen')
    expect(ended).toBe(1)
  })

  it('asks for more only as fast as the reader takes it, and cuts one that takes nothing', async () => {
    options = { stalledMs: 300 }
    const slow = connect(api.port, '127.0.0.1')
    slow.on('error', () => undefined)
    slow.pause()
    slow.write('GET /live HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => ended === 1)
    slow.destroy()
    // What the system's own buffers take, and no more: 64 KiB each.
    expect(asked).toBeLessThan(500)
  })

  it('says why it ends early, and nothing of what nobody foresaw', async () => {
    options = {
      ...options,
      messages: async function* () {
        yield { event: 'entry', data: 'one' }
        throw new Fault('forbidden', 'Not yours any more.')
      },
    }
    expect(await read(() => false)).toContain(
      'event: problem\ndata: {"type":"urn:breakglass:fault:forbidden"',
    )
    expect(unforeseen).toEqual([])
    options = {
      ...options,
      messages: async function* () {
        yield { event: 'entry', data: 'one' }
        throw new Error('/secret/path')
      },
    }
    const text = await read(() => false)
    expect(text).toContain('urn:breakglass:fault:internal')
    expect(text).not.toContain('secret')
    expect(unforeseen).toHaveLength(1)
  })
})
