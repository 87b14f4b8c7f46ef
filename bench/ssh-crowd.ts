/**
 * Many people at a terminal each, in a process of their own: told by message where to go, it opens them a few at a time, types into each,
 * says `open`, and at last when the first and the last of them was closed and how many had read a word.
 */
import { createPrivateKey } from 'node:crypto'
import { SshWriter } from '../src/protocols/ssh/messages/fields.ts'
import { RawSshClient } from '../test/real/ssh/raw-client.ts'

export interface Crowd {
  readonly count: number
  readonly port: number
  readonly login: string
  /** Of the gateway, base64 of what SSH encodes. */
  readonly hostKey: string
  /** PKCS #8 PEM. */
  readonly key: string
  /** What each should be told at the end. */
  readonly word: string
}

export interface CrowdGone {
  /** Milliseconds of the wall clock, with fractions. */
  readonly first: number
  readonly last: number
  readonly told: number
}

const AT_ONCE = 16

const terminal = new SshWriter()
  .string('xterm-256color')
  .uint32(120)
  .uint32(40)
  .uint32(0)
  .uint32(0)
  .string('')
  .take()

async function person({ port, login, hostKey, key }: Crowd): Promise<RawSshClient> {
  const client = await RawSshClient.connect(port, Buffer.from(hostKey, 'base64'))
  if (!(await client.proveKey(login, createPrivateKey(key)))) throw new Error('the login was refused')
  const channel = await client.open()
  const ask = (name: string, data: Buffer) =>
    client.say({ type: 'request', recipient: channel.theirs, name, wantReply: true, data })
  ask('pty-req', terminal)
  ask('shell', Buffer.alloc(0))
  await client.until(() => channel.answers.length === 2)
  client.pour(channel, Buffer.from("echo $((6 * 7))'!'\n"))
  await client.until(() => channel.out.includes('42!'))
  return client
}

process.once('message', (crowd: Crowd) => void gather(crowd))

async function gather(crowd: Crowd): Promise<void> {
  const people: RawSshClient[] = []
  const left = Array.from({ length: crowd.count }).values()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const _ of left) people.push(await person(crowd))
    }),
  )
  const closed = people.map(async client => {
    // As ssh does: with its last channel it goes.
    await client.until(() => client.channels.every(({ state }) => state === 'over')).catch(() => undefined)
    client.socket.end()
    await client.untilClosed()
    return performance.timeOrigin + performance.now()
  })
  process.send?.('open')
  const at = await Promise.all(closed)
  const told = people.filter(({ words, channels }) =>
    [...words, ...channels.map(({ out }) => out.toString())].join('').includes(crowd.word),
  )
  const gone: CrowdGone = { first: Math.min(...at), last: Math.max(...at), told: told.length }
  process.send?.(gone)
  process.disconnect()
}
