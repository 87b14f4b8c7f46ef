import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A statement the gateway refused: the which-th of those a script asked (from 0), and what it said instead. */
export interface Refused {
  readonly at: number
  readonly text: string
  readonly rule: string
  readonly what: string
}

/**
 * A plain connection to a server on which exactly the given statements are refused. It judges nothing and shares no code with
 * the gateway: it is the witness that a script through the gateway differs from a direct run by these refusals and by
 * nothing else.
 */
export interface Reference {
  readonly port: number
  /** Before each script: what to refuse in it. */
  begin(refused: readonly Refused[]): void
  /** After it: what is wrong with the comparison itself, such as a statement to refuse that never came. */
  finish(): string | undefined
  close(): Promise<void>
}

const [QUERY, PARSE, CALL, SYNC, ERROR, READY] = [...Buffer.from('QPFSEZ')] as [
  number,
  number,
  number,
  number,
  number,
  number,
]
const FAILING = 'refused by the reference'

export async function startReference(server: { readonly port: number }): Promise<Reference> {
  let refused = new Map<number, Refused>()
  let asked = 0
  let wrong: string | undefined
  const sockets = new Set<Socket>()

  /** The statement that is to be refused, when this message carries it. */
  const match = (tag: number, body: Buffer): Refused | undefined => {
    if (tag !== QUERY && tag !== PARSE && tag !== CALL) return undefined
    const at = asked++
    const found = refused.get(at)
    if (!found) return undefined
    refused.delete(at)
    const from = tag === PARSE ? body.indexOf(0) + 1 : 0
    const text = tag === CALL ? '' : body.toString('utf8', from, body.indexOf(0, from))
    if (text !== found.text)
      wrong ??= `statement ${at} is not ${JSON.stringify(found.text)} but ${JSON.stringify(text)}`
    return found
  }

  const serve = (client: Socket): void => {
    const target = connect({ port: server.port, host: '127.0.0.1', noDelay: true })
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
    // One place for each ReadyForQuery to come; a Parse counts for the Sync behind it.
    const owed: (Refused | undefined)[] = []
    let parse: Refused | undefined
    const ask = frames(true, (tag, whole) => {
      const found = match(tag, whole.subarray(5))
      if (tag === PARSE) parse ??= found
      if (tag === QUERY || tag === CALL) owed.push(found)
      if (tag === SYNC) {
        owed.push(parse)
        parse = undefined
      }
      if (!found) target.write(whole)
      else target.write(tag === PARSE ? message(PARSE, `\0${FAILING}\0\0\0`) : message(QUERY, `${FAILING}\0`))
    })
    const answer = frames(false, (tag, whole) => {
      client.write(tag === ERROR && owed[0] ? refusal(owed[0]) : whole)
      if (tag === READY) owed.shift()
    })
    client.on('data', ask)
    target.on('data', answer)
  }
  const gate = createServer({ noDelay: true }, serve)
  gate.listen(0, '127.0.0.1')
  await once(gate, 'listening')
  return {
    port: (gate.address() as AddressInfo).port,
    begin(next) {
      refused = new Map(next.map(one => [one.at, one]))
      asked = 0
      wrong = undefined
    },
    finish() {
      const [missed] = refused.values()
      return wrong ?? (missed && `a refused statement never came: ${JSON.stringify(missed.text)}`)
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      gate.close()
      await once(gate, 'close')
    },
  }
}

/** Cuts a stream into messages; the first of a client has no tag, which counts as 0. */
function frames(startup: boolean, take: (tag: number, whole: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0)
  let tagless = startup
  return chunk => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const head = tagless ? 0 : 1
      if (rest.length < head + 4) return
      const length = head + rest.readInt32BE(head)
      if (rest.length < length) return
      take(tagless ? 0 : (rest[0] ?? 0), rest.subarray(0, length))
      tagless = false
      rest = rest.subarray(length)
    }
  }
}

function message(tag: number, body: string): Buffer {
  const bytes = Buffer.from(body)
  const head = Buffer.alloc(5, tag)
  head.writeInt32BE(4 + bytes.length, 1)
  return Buffer.concat([head, bytes])
}

/** What a person is told. */
export function sentence({ rule, what }: Refused): string {
  return `breakglass: ${what} (rule ${rule})`
}

function refusal(refused: Refused): Buffer {
  return message(ERROR, `SERROR\0VERROR\0C42501\0M${sentence(refused)}\0\0`)
}
