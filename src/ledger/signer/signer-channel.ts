import type { Duplex } from 'node:stream'
import { Fault } from '../../kernel/faults.ts'
import type { JsonObject, JsonValue } from '../../kernel/json.ts'
import { decodeBase64 } from '../note/base64.ts'
import { HASH_BYTES } from '../tree/merkle.ts'
import { frameMessage, MessageFrames } from './message-frames.ts'
import type { SignedHead, Signer } from './signer.ts'
import type { SignerHouse } from './signer-house.ts'
import { decodeAnswer, encodeRequest, type SignerAsk } from './signer-messages.ts'

interface Waiting {
  readonly resolve: (ok: JsonObject) => void
  readonly reject: (fault: Fault) => void
}

/**
 * A signer house in another process. When the connection ends, however it ends, whatever waits is refused with
 * `ledger.failed` and so is everything later: a signer that went away is never replaced while a log is open.
 */
export class SignerChannel implements SignerHouse {
  readonly #stream: Duplex
  readonly #waiting = new Map<number, Waiting>()
  readonly #frames = new MessageFrames()
  readonly #listeners = new Set<(fault: Fault) => void>()
  #count = 0
  #lost: Fault | undefined
  #closing = false

  constructor(stream: Duplex) {
    this.#stream = stream
    stream.on('data', (chunk: Buffer) => this.#take(chunk))
    stream.on('error', cause => this.#lose(endedFault(cause)))
    stream.on('close', () => this.#lose(endedFault(undefined)))
  }

  async open(origin: string, { create }: { readonly create: boolean }): Promise<Signer> {
    const { vkeys, last } = await this.#ask({ op: 'open', origin, create })
    return this.#signer(origin, keysOf(vkeys), headOf(last))
  }

  async adopt(origin: string, seed: Buffer, memory: Buffer): Promise<void> {
    await this.#ask({ op: 'adopt', origin, seed, memory })
  }

  async close(): Promise<void> {
    this.#closing = true
    if (this.#stream.destroyed) return
    const closed = new Promise<void>(resolve => this.#stream.once('close', () => resolve()))
    this.#stream.end()
    await closed
  }

  #signer(origin: string, vkeys: OpenKeys, remembered: SignedHead | undefined): Signer {
    let last = remembered
    let turn: Promise<unknown> = Promise.resolve()
    const signNext = async (
      head: SignedHead,
      prove: (from: number) => Promise<readonly Buffer[]>,
    ): Promise<string> => {
      const from = last?.size ?? 0
      // The proof goes with the request, so that a signature costs one way there and back.
      const proof = from > 0 && head.size > from ? await prove(from) : []
      const { checkpoint } = await this.#ask({ op: 'sign', origin, head, from, proof })
      if (typeof checkpoint !== 'string') throw strange()
      last = head
      return checkpoint
    }
    return {
      vkey: vkeys[0],
      vkeys,
      last: () => last,
      sign(head, prove) {
        const signed = turn.then(() => signNext(head, prove))
        turn = signed.catch(() => undefined)
        return signed
      },
      mac: async digest => {
        const { mac } = await this.#ask({ op: 'mac', origin, digest })
        return hashOf(mac)
      },
      onLost: listener => {
        if (this.#lost === undefined) this.#listeners.add(listener)
        else listener(this.#lost)
      },
      close: async () => {
        await turn
        if (this.#lost === undefined) await this.#ask({ op: 'close', origin })
      },
    }
  }

  #ask(ask: SignerAsk): Promise<JsonObject> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    this.#count += 1
    const id = this.#count
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#stream.write(frameMessage(encodeRequest({ ...ask, id })))
    })
  }

  #take(chunk: Buffer): void {
    for (const message of this.#frames.push(chunk) ?? ['']) {
      const answer = decodeAnswer(message)
      if (answer === undefined) {
        this.#lose(strange())
        this.#stream.destroy()
        return
      }
      // 0: about the connection, not about a request.
      if (answer.id === 0 && 'fault' in answer) {
        this.#lose(answer.fault)
        continue
      }
      const waiting = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if ('ok' in answer) waiting?.resolve(answer.ok)
      else waiting?.reject(answer.fault)
    }
  }

  #lose(fault: Fault): void {
    if (this.#lost !== undefined) return
    this.#lost = fault
    for (const { reject } of this.#waiting.values()) reject(fault)
    this.#waiting.clear()
    if (!this.#closing) for (const listener of this.#listeners) listener(fault)
  }
}

type OpenKeys = readonly [string, ...string[]]

function keysOf(value: JsonValue | undefined): OpenKeys {
  const [first, ...rest] = Array.isArray(value) ? value : []
  if (typeof first !== 'string' || !rest.every(one => typeof one === 'string')) throw strange()
  return [first, ...rest]
}

function headOf(value: JsonValue | undefined): SignedHead | undefined {
  if (value === null) return undefined
  const { size, root } = (value ?? {}) as { readonly size?: JsonValue; readonly root?: JsonValue }
  if (typeof size !== 'number') throw strange()
  return { size, root: hashOf(root) }
}

function hashOf(value: JsonValue | undefined): Buffer {
  const bytes = typeof value === 'string' ? decodeBase64(value) : undefined
  if (bytes?.length !== HASH_BYTES) throw strange()
  return bytes
}

function endedFault(cause: unknown): Fault {
  return new Fault('ledger.failed', 'The signer ended, so nothing can be signed any more.', {
    next: 'Start the server again; what was acknowledged is signed. If it ends again, look at the memory and the disk of this machine.',
    cause,
  })
}

function strange(): Fault {
  return new Fault('ledger.failed', 'What answers in place of the signer does not speak its language.', {
    next: 'Check `ledger.signer` in breakglass.yaml; server and signer must be of one version.',
  })
}
