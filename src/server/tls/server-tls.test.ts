import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { openServerTls, type ServerTls } from './server-tls.ts'

const DAY = 86_400_000
const folder = (): string => mkdtempSync(join(tmpdir(), 'bg-tls-'))
const open = (folder: string, at: number = Date.now(), names: readonly string[] = []): Promise<ServerTls> =>
  openServerTls({
    folder,
    organisation: 'acme',
    names,
    now: () => at,
    onTrouble: cause => expect.fail(String(cause)),
  })

async function handshake(tls: ServerTls, ca: string, servername: string): Promise<boolean> {
  const server = createServer({ SNICallback: (_name, done) => done(null, tls.context) }, socket =>
    socket.end(),
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    const client = connect({ host: '127.0.0.1', port, ca, servername })
    await once(client, 'secureConnect')
    client.destroy()
    return client.authorized
  } finally {
    server.close()
  }
}

describe('the certificate of the server', () => {
  it('is verified by a client that pins the CA, under every name asked for', async () => {
    const tls = await open(folder(), Date.now(), ['db-gate.acme.example'])
    expect(await handshake(tls, tls.caPem, 'localhost')).toBe(true)
    expect(await handshake(tls, tls.caPem, 'db-gate.acme.example')).toBe(true)
    await expect(handshake(tls, tls.caPem, 'other.example')).rejects.toThrow(/altnames/)
    const foreign = await open(folder())
    await expect(handshake(tls, foreign.caPem, 'localhost')).rejects.toThrow(
      /self-signed|unable to verify|signature/,
    )
  })

  it('passes the strict checks of openssl, with its address', async () => {
    const keys = folder()
    await open(keys)
    const shown = execFileSync(
      '/usr/bin/env',
      [
        'openssl',
        'verify',
        '-x509_strict',
        '-purpose',
        'sslserver',
        '-verify_ip',
        '127.0.0.1',
        '-CAfile',
        join(keys, 'ca.pem'),
        join(keys, 'server.pem'),
      ],
      { encoding: 'utf8' },
    )
    expect(shown).toContain(': OK')
  })

  it('keeps keys to its own account and refuses ones that others may read', async () => {
    const keys = folder()
    await open(keys)
    for (const file of ['ca.key', 'server.key', 'ca.pem', 'server.pem'])
      expect(statSync(join(keys, file)).mode & 0o777).toBe(0o600)
    chmodSync(join(keys, 'ca.key'), 0o640)
    await expect(open(keys)).rejects.toMatchObject({
      code: 'config.invalid',
      next: expect.stringContaining('chmod 600'),
    })
  })

  it('stays the same over a restart and is renewed before it ends, under the same CA', async () => {
    const keys = folder()
    const start = Date.now()
    const first = await open(keys, start)
    const again = await open(keys, start + 59 * DAY)
    expect(again.certificatePem).toBe(first.certificatePem)
    const renewed = await open(keys, start + 61 * DAY)
    expect(renewed.certificatePem).not.toBe(first.certificatePem)
    expect(renewed.caPem).toBe(first.caPem)
    expect(Date.parse(new X509Certificate(renewed.certificatePem).validTo)).toBeGreaterThan(start + 150 * DAY)
  })

  it('is made anew when a name is added', async () => {
    const keys = folder()
    const first = await open(keys)
    const second = await open(keys, Date.now(), ['new.acme.example'])
    expect(second.certificatePem).not.toBe(first.certificatePem)
    expect(second.caPem).toBe(first.caPem)
  })

  it('never replaces a CA of which half is lost: clients have pinned it', async () => {
    const keys = folder()
    await open(keys)
    rmSync(join(keys, 'ca.key'))
    await expect(open(keys)).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining('Only one of'),
    })
  })
})
