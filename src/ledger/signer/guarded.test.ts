import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isFault } from '../../kernel/faults.ts'
import { sha256 } from '../../kernel/bytes.ts'
import { nodeDisk } from '../../store/file/node-disk.ts'
import { openCheckpoint } from '../note/checkpoint.ts'
import { noteSigner, parseVkey } from '../note/note.ts'
import { consistencyProof } from '../tree/consistency.ts'
import { leafHash } from '../tree/merkle.ts'
import { naive, readerOf } from '../tree/naive-tree.suite.ts'
import { frameMessage, MessageFrames } from './message-frames.ts'
import { serveSigner } from './serve-signer.ts'
import { SignerChannel } from './signer-channel.ts'
import { openSignerKeep, signerFolder } from './signer-keep.ts'
import { decodeAnswer, encodeRequest } from './signer-messages.ts'

const ORIGIN = 'log.example/control'
const leaves = (what: string): Buffer[] =>
  Array.from({ length: 12 }, (_, i) => leafHash(Buffer.from(`${what} ${i}`)))
const one = leaves('one')
const other = leaves('other')
const head = (size: number, tree = one) => ({ size, root: naive.root(tree.slice(0, size)) })
const prove =
  (size: number, tree = one) =>
  (from: number) =>
    consistencyProof(readerOf(tree.slice(0, size)), from, size)

let folder: string
let server: Server
let path: string
/** What the server accepted, and when it has done with each. */
let accepted: Socket[]
let served: Promise<void>[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bg-guard-'))
  path = join(folder, 's')
  accepted = []
  served = []
  const keep = openSignerKeep(name => nodeDisk(join(folder, 'keep', name)))
  server = createServer({ allowHalfOpen: true }, socket => {
    accepted.push(socket)
    served.push(serveSigner(socket, keep))
  })
  await new Promise<void>(resolve => server.listen({ path }, resolve))
})
afterEach(async () => {
  await new Promise(resolve => server.close(resolve))
  await rm(folder, { recursive: true })
})

async function dial(): Promise<Socket> {
  const socket = connect({ path })
  await once(socket, 'connect')
  return socket
}
const channel = async (): Promise<SignerChannel> => new SignerChannel(await dial())

describe('a signer behind a connection', () => {
  it('signs growing heads of several logs, and remembers them for the next connection', async () => {
    const first = await channel()
    const control = await first.open(ORIGIN, { create: true })
    const sessions = await first.open('log.example/sessions', { create: true })
    const key = parseVkey(control.vkey)
    if (key === undefined) throw new Error('no key')
    await sessions.sign(head(4, other), prove(4, other))
    for (const size of [1, 2, 7]) {
      const note = await control.sign(head(size), prove(size))
      expect(openCheckpoint(note, key)).toEqual({ origin: ORIGIN, ...head(size) })
    }
    expect(control.last()).toMatchObject(head(7))
    const code = await control.mac(sha256('kept'))
    await first.close()

    const second = await channel()
    const again = await second.open(ORIGIN, { create: false })
    expect(again.vkey).toBe(control.vkey)
    expect(again.last()).toEqual(head(7))
    expect(await again.mac(sha256('kept'))).toEqual(code)
    expect(await again.mac(sha256('kepT'))).not.toEqual(code)
    expect((await second.open('log.example/sessions', { create: false })).last()).toEqual(head(4, other))
    await second.close()
  })

  it('does not sign a fork, a smaller tree, or an extension without its proof, whatever the other side claims', async () => {
    const house = await channel()
    const signer = await house.open(ORIGIN, { create: true })
    await signer.sign(head(5), prove(5))
    const refused = { code: 'ledger.damaged' }
    await expect(signer.sign(head(5, other), prove(5, other))).rejects.toMatchObject(refused)
    await expect(signer.sign(head(4), prove(4))).rejects.toMatchObject(refused)
    await expect(signer.sign(head(8, other), prove(8, other))).rejects.toMatchObject(refused)
    await expect(signer.sign(head(8), () => Promise.resolve([]))).rejects.toMatchObject(refused)
    expect(await signer.sign(head(8), prove(8))).toContain('\n8\n')
    await house.close()
  })

  it('serves one server for each log, and the next one once the first is gone', async () => {
    const first = await channel()
    await first.open(ORIGIN, { create: true })
    const second = await channel()
    await expect(second.open(ORIGIN, { create: false })).rejects.toMatchObject({ code: 'ledger.in_use' })
    await second.open('log.example/other', { create: true })
    await first.close()
    await served[0]
    await expect(second.open(ORIGIN, { create: false })).resolves.toMatchObject({ vkey: expect.any(String) })
    await second.close()
  })

  it('makes no key for a log that exists', async () => {
    const house = await channel()
    await expect(house.open(ORIGIN, { create: false })).rejects.toMatchObject({
      code: 'ledger.damaged',
      message: expect.stringContaining('has no key for it'),
    })
    await house.close()
  })

  it('fails everything, also what is asked later, when the other side goes away', async () => {
    const house = await channel()
    const signer = await house.open(ORIGIN, { create: true })
    const lost = new Promise(resolve => signer.onLost?.(resolve))
    const asked = signer.sign(head(1), () => Promise.resolve([]))
    // The whole server side at once, as when its process is killed.
    for (const socket of accepted) socket.destroy()
    await expect(asked.then(() => signer.sign(head(2), prove(2)))).rejects.toMatchObject({
      code: 'ledger.failed',
    })
    expect(isFault(await lost, 'ledger.failed')).toBe(true)
    await expect(signer.mac(Buffer.alloc(32))).rejects.toMatchObject({ code: 'ledger.failed' })
    await signer.close()
    await house.close()
  })
})

describe('what is no request', () => {
  const answers = async (socket: Socket): Promise<string[]> => {
    const frames = new MessageFrames()
    const found: string[] = []
    for await (const chunk of socket as AsyncIterable<Buffer>) found.push(...(frames.push(chunk) ?? []))
    return found
  }

  it.each([
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')],
    ['a frame of nothing', Buffer.alloc(64)],
    ['JSON that is no request', frameMessage('{"id":1,"op":"export"}')],
    ['noise', Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251))],
  ])('%s ends that connection with a word, and no other', async (_what, bytes) => {
    const house = await channel()
    const signer = await house.open(ORIGIN, { create: true })
    const hostile = await dial()
    hostile.write(bytes)
    const [said = ''] = await answers(hostile)
    const answer = decodeAnswer(said)
    expect(answer && 'fault' in answer ? answer.fault : undefined).toMatchObject({ code: 'input.invalid' })
    expect(await signer.sign(head(1), prove(1))).toContain('\n1\n')
    await house.close()
  })

  it('a request that arrives byte by byte is answered', async () => {
    const socket = await dial()
    for (const byte of frameMessage(encodeRequest({ id: 3, op: 'open', origin: ORIGIN, create: true })))
      socket.write(Buffer.of(byte))
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    expect(decodeAnswer(new MessageFrames().push(chunk)?.[0] ?? '')).toMatchObject({
      id: 3,
      ok: { last: null },
    })
    socket.end()
    await once(socket, 'close')
  })

  it('attack 13: ten thousand requests at once, from somebody who reads no answer, harm nobody', async () => {
    const flood = await dial()
    flood.on('error', () => undefined)
    flood.pause()
    const frame = frameMessage(encodeRequest({ id: 1, op: 'mac', origin: ORIGIN, digest: Buffer.alloc(32) }))
    for (let i = 0; i < 10_000; i += 1) flood.write(frame)
    const house = await channel()
    const signer = await house.open(ORIGIN, { create: true })
    expect(await signer.sign(head(1), prove(1))).toContain('\n1\n')
    await house.close()
    flood.destroy()
  })
})

describe('a memory taken over from data of before', () => {
  const seed = Buffer.alloc(32, 7)
  const memoryOf = async (size: number): Promise<Buffer> => {
    const { openLocalSigner } = await import('./local-signer.ts')
    const place = join(folder, `former-${size}`)
    const signer = await openLocalSigner({ origin: ORIGIN, seed, disk: nodeDisk(place) })
    await signer.sign(head(size), prove(size))
    await signer.close()
    const bytes = await nodeDisk(place).read('memory')
    if (bytes === undefined) throw new Error('no memory')
    return bytes
  }

  it('keeps key and head, however often it is done, and never goes back', async () => {
    const house = await channel()
    await house.adopt(ORIGIN, seed, await memoryOf(5))
    await house.adopt(ORIGIN, seed, await memoryOf(5))
    await house.adopt(ORIGIN, seed, await memoryOf(3))
    const signer = await house.open(ORIGIN, { create: false })
    expect(signer.vkey).toBe(noteSigner(ORIGIN, seed).vkey)
    expect(signer.last()).toEqual(head(5))
    await house.close()
  })

  it('is refused with another key, and with bytes that are no memory', async () => {
    const house = await channel()
    await house.adopt(ORIGIN, seed, await memoryOf(5))
    await expect(house.adopt(ORIGIN, Buffer.alloc(32, 8), Buffer.alloc(8192))).rejects.toMatchObject({
      code: 'conflict',
    })
    await expect(house.adopt('log.example/new', seed, Buffer.alloc(8192, 1))).rejects.toMatchObject({
      code: 'ledger.damaged',
    })
    await expect(house.open('log.example/new', { create: false })).rejects.toMatchObject({
      code: 'ledger.damaged',
    })
    await house.close()
  })
})

describe('a signer directory that lost a part', () => {
  it.each([
    ['keys', 'its key is gone'],
    ['memory', 'memory of what it signed last is gone'],
  ])('without %s it does not start, also not as a new one', async (file, text) => {
    const house = await channel()
    const signer = await house.open(ORIGIN, { create: true })
    await signer.sign(head(1), prove(1))
    await signer.close()
    await rm(join(folder, 'keep', signerFolder(ORIGIN), file))
    await expect(house.open(ORIGIN, { create: true })).rejects.toMatchObject({
      code: 'ledger.damaged',
      message: expect.stringContaining(text),
    })
    await house.close()
  })
})
