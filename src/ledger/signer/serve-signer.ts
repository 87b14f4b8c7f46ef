import type { Duplex } from 'node:stream'
import { Fault, isFault } from '../../kernel/faults.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { frameMessage, MessageFrames } from './message-frames.ts'
import type { Signer } from './signer.ts'
import type { SignerHouse } from './signer-house.ts'
import { decodeRequest, encodeAnswer, type SignerAnswer, type SignerRequest } from './signer-messages.ts'

/** Requests of one connection under way; beyond it nothing more is read from it. */
const MOST_UNDER_WAY = 32
/** Answers that a connection does not take: it is ended above this. */
const UNREAD_LIMIT = 256 * 1024

/**
 * Answers one connection until it ends, and gives back the logs it held. Whoever speaks nonsense is told so and ended;
 * nobody else notices. Never rejects. `stream` must stay open on this side when the other ends (`allowHalfOpen`): its end
 * says that the logs are free again.
 */
export async function serveSigner(stream: Duplex, house: SignerHouse): Promise<void> {
  const logs = new Map<string, Signer>()
  const underWay = new Set<Promise<void>>()
  stream.on('error', () => undefined)

  const say = (answer: SignerAnswer): void => {
    if (stream.destroyed) return
    stream.write(frameMessage(encodeAnswer(answer)))
    if (stream.writableLength > UNREAD_LIMIT) stream.destroy()
  }
  const start = (request: SignerRequest): void => {
    const answered: Promise<void> = answer(request, logs, house)
      .then(
        ok => say({ id: request.id, ok }),
        (error: unknown) => say({ id: request.id, fault: faultOf(request.origin, error) }),
      )
      .finally(() => underWay.delete(answered))
    underWay.add(answered)
  }

  try {
    const frames = new MessageFrames()
    for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const messages = frames.push(chunk)
      const requests = messages?.map(decodeRequest)
      for (const request of requests ?? [undefined]) {
        if (request === undefined) {
          say({ id: 0, fault: malformed() })
          return
        }
        start(request)
        while (underWay.size >= MOST_UNDER_WAY) await Promise.race(underWay)
      }
    }
  } catch {
    // The connection broke: what it asked for last may have been signed, which harms nobody.
  } finally {
    await Promise.all(underWay)
    for (const signer of logs.values()) await signer.close().catch(() => undefined)
    stream.end(() => stream.destroy())
  }
}

async function answer(
  request: SignerRequest,
  logs: Map<string, Signer>,
  house: SignerHouse,
): Promise<JsonObject> {
  const { origin } = request
  if (request.op === 'adopt') {
    await house.adopt(origin, request.seed, request.memory)
    return {}
  }
  if (request.op === 'open') {
    const signer = await house.open(origin, { create: request.create })
    logs.set(origin, signer)
    const last = signer.last()
    return {
      vkeys: [...signer.vkeys],
      last: last === undefined ? null : { size: last.size, root: last.root.toString('base64') },
    }
  }
  const signer = logs.get(origin)
  if (signer === undefined) {
    throw new Fault('conflict', `This connection does not hold the log ${origin}.`, {
      next: 'Open it first.',
    })
  }
  switch (request.op) {
    case 'close':
      logs.delete(origin)
      await signer.close()
      return {}
    case 'mac':
      return { mac: (await signer.mac(request.digest)).toString('base64') }
    case 'sign': {
      const { head, from, proof } = request
      const checkpoint = await signer.sign(head, asked => {
        if (asked === from) return Promise.resolve(proof)
        throw new Fault('ledger.damaged', `The signer of ${origin} was given a proof from ${from}.`, {
          next: `It signed ${asked} last. Start the server again.`,
          facts: { signed: asked, from },
        })
      })
      return { checkpoint }
    }
  }
}

/** Errors of the disk become words here: nothing but a Fault crosses to the other process. */
function faultOf(origin: string, error: unknown): Fault {
  if (isFault(error)) return error
  const code = (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : 'error')
  return new Fault('ledger.failed', `The signer of ${origin} cannot write to its directory (${code}).`, {
    next: 'Check the disk of the signer directory, then restart.',
    facts: { origin, code },
  })
}

function malformed(): Fault {
  return new Fault('input.invalid', 'The signer was sent bytes that are no request.', {
    next: 'Server and signer must be of one version.',
  })
}
