import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { mkdtempSync, readFileSync, statSync, chmodSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { createClient, faultOfProblem, type Client } from './client.ts'
import { linesOf } from './lines.ts'
import { pinnedCa, readProfile, removeProfile, serverUrl, writeProfile } from './profile.ts'
import { serverEvents, type ServerEvent } from './server-events.ts'

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function serving(
  answer: (response: ServerResponse, path: string) => void,
  timeoutMs = 5_000,
): Promise<Client> {
  server = createServer((request, response) => answer(response, request.url ?? '')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return createClient({ url: `http://127.0.0.1:${port}`, token: 'bgt_x', agent: 'test', timeoutMs })
}

describe('the client', () => {
  it('turns a problem into the fault it was, with its next step and facts', async () => {
    const client = await serving(response => {
      response.writeHead(403, { 'content-type': 'application/problem+json' })
      response.end(
        JSON.stringify({
          code: 'grant.own',
          detail: 'Not yours to answer.',
          next: 'Ask somebody.',
          facts: { grant: 'g_1' },
        }),
      )
    })
    await expect(client.post('/v1/x')).rejects.toMatchObject({
      code: 'grant.own',
      message: 'Not yours to answer.',
      next: 'Ask somebody.',
      facts: { grant: 'g_1' },
    })
  })

  it('keeps the words of a code it does not know, and says so when nothing was explained', () => {
    expect(faultOfProblem(503, '{"code":"new.code","detail":"Later."}')).toMatchObject({
      code: 'unavailable',
      message: 'Later.',
    })
    expect(faultOfProblem(404, '{"code":"toString","detail":"Gone."}')).toMatchObject({ code: 'not_found' })
    for (const body of ['', '<html>', 'null', '[]', '{"detail":1}'])
      expect(faultOfProblem(502, body)).toMatchObject({ code: 'unavailable' })
  })

  it('says unavailable for a server that answers nothing, something else, or sends elsewhere', async () => {
    const silent = await serving(() => undefined, 100)
    await expect(silent.get('/')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('no answer within 0.1 s'),
    })
    const page = await serving(response => response.end('<html>'))
    await expect(page.get('/')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('not breakglass'),
    })
    const elsewhere = await serving(response =>
      response.writeHead(302, { location: 'https://evil.example/' }).end(),
    )
    await expect(elsewhere.get('/')).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('goes by the clock of the server', async () => {
    const client = await serving(response => {
      response.setHeader('date', new Date(Date.now() + 3_600_000).toUTCString())
      response.end('{}')
    })
    expect(Math.abs(client.now() - Date.now())).toBeLessThan(1_000)
    await client.get('/')
    expect(client.now() - Date.now()).toBeGreaterThan(3_590_000)
  })
})

describe('lines and events', () => {
  const inPieces = (bytes: Uint8Array, sizes: readonly number[]): Response => {
    let at = 0
    let turn = 0
    return new Response(
      new ReadableStream<Uint8Array>({
        pull(controller) {
          if (at >= bytes.length) return controller.close()
          const size = Math.max(1, sizes[turn++ % Math.max(1, sizes.length)] ?? 1)
          controller.enqueue(bytes.subarray(at, at + size))
          at += size
        },
      }),
    )
  }
  const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
    const all: T[] = []
    for await (const item of items) all.push(item)
    return all
  }

  it('are the same in whatever pieces they arrive, down to single bytes', async () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 12 }).map(text => text.replaceAll(/[\r\n]/g, ''))
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
        fc.constantFrom('\n', '\r\n'),
        async (lines, sizes, end) => {
          const bytes = new TextEncoder().encode(lines.map(text => text + end).join(''))
          expect(await collect(linesOf(inPieces(bytes, sizes)))).toEqual(lines)
        },
      ),
    )
  })

  it('are read as the HTML Standard says', async () => {
    const read = async (text: string): Promise<ServerEvent[]> =>
      collect(serverEvents(linesOf(new Response(text))))
    expect(
      await read(
        ': still here\n\nevent: changed\ndata: {"a":1}\n\ndata:x\ndata: y\n\nevent: none\n\nid: 7\ndata: z\n\ndata: cut',
      ),
    ).toEqual([
      { event: 'changed', data: '{"a":1}' },
      { event: 'message', data: 'x\ny' },
      { event: 'message', data: 'z' },
    ])
  })

  it('attack 13: an endless line ends the reading instead of the memory', async () => {
    const endless = new Response(
      new ReadableStream<Uint8Array>({
        pull: controller => controller.enqueue(Buffer.alloc(1024 * 1024, 'x')),
      }),
    )
    await expect(collect(linesOf(endless))).rejects.toMatchObject({ code: 'input.too_large' })
  })
})

describe('what the terminal keeps', () => {
  const env = () => ({ XDG_STATE_HOME: mkdtempSync(join(tmpdir(), 'bg-state-')) })
  const profile = {
    url: 'https://bg.acme.example',
    token: 'bgt_secret',
    handle: 'ana',
    expires_at: '2026-01-01T00:00:00Z',
  }

  it('is for its owner only, per server, and gone after signing out', () => {
    const at = env()
    writeProfile(profile, at)
    const file = join(at.XDG_STATE_HOME, 'breakglass', 'bg.acme.example.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700)
    expect(readProfile(profile.url, at)).toEqual(profile)
    expect(readProfile('https://other.example', at)).toBeUndefined()
    removeProfile(profile.url, at)
    expect(readProfile(profile.url, at)).toBeUndefined()
  })

  it('is not believed when others could read it, or when it is damaged', () => {
    const at = env()
    writeProfile(profile, at)
    const file = join(at.XDG_STATE_HOME, 'breakglass', 'bg.acme.example.json')
    chmodSync(file, 0o644)
    expect(() => readProfile(profile.url, at)).toThrow(/read by others/)
    chmodSync(file, 0o600)
    writeFileSync(file, '{')
    expect(() => readProfile(profile.url, at)).toThrow(/damaged/)
  })

  it('pins the CA at the first use and forgets it with the next sign-in', () => {
    const at = env()
    writeProfile(profile, at)
    const file = pinnedCa(profile.url, 'CA one\n', at)
    expect(readFileSync(file, 'utf8')).toBe('CA one\n')
    expect(pinnedCa(profile.url, 'CA one', at)).toBe(file)
    expect(() => pinnedCa(profile.url, 'CA two\n', at)).toThrow(
      expect.objectContaining({ code: 'conflict', next: expect.stringContaining('login') }),
    )
    expect(readFileSync(file, 'utf8')).toBe('CA one\n')
    writeProfile(profile, at)
    expect(readFileSync(pinnedCa(profile.url, 'CA two\n', at), 'utf8')).toBe('CA two\n')
  })

  it('chooses the server: argument, environment, last sign-in, default; plain http only on this machine', () => {
    const at = env()
    expect(serverUrl(undefined, at)).toBe('http://localhost:7070')
    writeProfile(profile, at)
    expect(serverUrl(undefined, at)).toBe(profile.url)
    expect(serverUrl(undefined, { ...at, BREAKGLASS_URL: 'https://b.example/' })).toBe('https://b.example')
    expect(serverUrl('http://127.0.0.1:1', { ...at, BREAKGLASS_URL: 'https://b.example' })).toBe(
      'http://127.0.0.1:1',
    )
    for (const wrong of ['http://b.example', 'ftp://b.example', 'b.example', 'http://localhost.evil.example'])
      expect(() => serverUrl(wrong, at)).toThrow(/https|address/)
  })
})
