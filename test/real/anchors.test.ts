/** A whole acme whose logs are stamped by an openssl that plays the authority, and openssl judges what was kept. */
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type OpensslAuthority, opensslAuthority } from '../../src/ledger/anchor/openssl-authority.suite.ts'
import { timestampRequest } from '../../src/ledger/anchor/timestamp.ts'
import { sha256Hex } from '../../src/kernel/bytes.ts'
import { backUp } from '../../src/server/backup/back-up.ts'
import { missing } from './servers/missing.ts'
import { type Api, startWorld, type World } from './world.ts'
import { PATIENCE_MS } from '../support/wait.ts'

describe.skipIf(missing('postgres15', 'openssl').length > 0)(
  'the logs under a time stamping authority',
  () => {
    let authority: OpensslAuthority
    let server: Server
    let world: World
    let answer: (request: Buffer, response: ServerResponse) => void
    const proper = (request: Buffer, response: ServerResponse): void => {
      response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(authority.reply(request))
    }
    const folder = (): string => join(world.data, 'anchors', 'control')
    const kept = (): readonly string[] => {
      try {
        return readdirSync(folder()).filter(name => name.endsWith('.tsr'))
      } catch {
        return []
      }
    }
    const eventually = { timeout: PATIENCE_MS, interval: 200 }
    let ana: Api
    const failures = async (): Promise<number> => {
      const headers = { authorization: `Bearer ${ana.token}` }
      const text = await (await fetch(`${world.server.url}/metrics`, { headers })).text()
      return Number(/breakglass_ledger_anchor_failures\{[^}]*\} (\d+)/.exec(text)?.[1])
    }

    beforeAll(async () => {
      authority = opensslAuthority()
      answer = proper
      server = createServer((request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => answer(Buffer.concat(chunks), response))
      })
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      const anchors = `{ authorities: [{ url: "http://127.0.0.1:${port}/", ca: ${authority.ca} }], every: 1s }`
      world = await startWorld({ config: text => `${text}ledger: { anchors: ${anchors} }\n` })
      ana = await world.signIn('ana')
    })
    afterAll(async () => {
      await world.close()
      server.closeAllConnections()
      server.close()
      authority.remove()
    })

    it('keep nothing while the clocks are an hour apart, and then what openssl accepts', async () => {
      await vi.waitFor(async () => expect(await failures()).toBeGreaterThan(0), eventually)
      expect(kept()).toEqual([])
      world.clock.catchUp()
      await vi.waitFor(() => expect(kept().length).toBeGreaterThan(0), eventually)
      for (const name of kept().slice(0, 2)) {
        const response = join(folder(), name)
        expect(authority.verify(response, response.replace(/tsr$/, 'checkpoint'))).toContain(
          'Verification: OK',
        )
      }
      const [name = ''] = kept()
      // The file is there a moment before the event that tells of it.
      await vi.waitFor(async () => {
        const events: unknown[] = []
        for await (const entry of world.server.store.control.entries(0))
          if (entry.type === 'ledger.anchored_by_timestamp') events.push(entry.data)
        expect(events).toContainEqual(
          expect.objectContaining({
            log: 'control',
            size: Number(name.split('-')[0]),
            response: sha256Hex(readFileSync(join(folder(), name))),
            signer: 'CN=proper-signer',
          }),
        )
      }, eventually)
      // Once an hour it is no news to anybody.
      expect(world.receiver.received.map(({ type }) => type)).not.toContain('ledger.anchored_by_timestamp')
    })

    it('go into a backup, byte for byte', async () => {
      const to = join(world.folder, 'backup')
      await backUp({ config: world.folder, to, version: '0.0.0-test', onProgress: () => undefined })
      const [name = ''] = kept()
      const copied = readFileSync(join(to, 'data', 'anchors', 'control', name))
      expect(copied.equals(readFileSync(join(folder(), name)))).toBe(true)
    })

    it.each<[what: string, answer: (request: Buffer, response: ServerResponse) => void]>([
      [
        'garbage',
        (_, response) =>
          void response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end('x'),
      ],
      [
        'a page',
        (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      ],
      ['a refusal', (_, response) => void response.writeHead(503).end()],
      [
        'too much',
        (_, response) =>
          void response
            .writeHead(200, { 'content-type': 'application/timestamp-reply' })
            .end(Buffer.alloc(1_000_000)),
      ],
      ['a hang-up', (_, response) => void response.destroy()],
      ['the stamp of other bytes', (_, response) => proper(timestampRequest(Buffer.from('x')).der, response)],
      [
        'the stamp of a stranger',
        (request, response) =>
          void response
            .writeHead(200, { 'content-type': 'application/timestamp-reply' })
            .end(authority.reply(request, 'rogue')),
      ],
    ])('attack 13: %s costs a count, and the log goes on', async (_, spoilt) => {
      answer = spoilt
      const [before, had] = [await failures(), kept().length]
      await world.incident({ title: `Another ${before}` })
      await vi.waitFor(async () => expect(await failures()).toBeGreaterThan(before), eventually)
      expect(kept().length - had).toBeLessThanOrEqual(1)
      expect(world.server.store.control.trouble).toBeUndefined()
    })

    it('are stamped again when the authority is well', async () => {
      const had = kept().length
      answer = proper
      await world.incident({ title: 'The last one' })
      await vi.waitFor(() => expect(kept().length).toBeGreaterThan(had), eventually)
    })
  },
)
