import { randomBytes } from 'node:crypto'
import { canonicalJson } from '../../kernel/canonical-json.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { decodeBase64 } from '../note/base64.ts'
import { type NoteSigner, noteSigner } from '../note/note.ts'

/** The file in the signer's folder of one log. Its presence makes the log known: the memory is written before it. */
export const KEYS_FILE = 'keys'

/** The keys as they will be once the log says so, while they are being changed; same form. */
export const NEXT_KEYS_FILE = 'keys.next'

/** What the signer of one log must keep to itself. */
export interface SignerKeys {
  readonly origin: string
  /** 32 bytes each (RFC 8032); the first is the oldest. */
  readonly seeds: readonly Buffer[]
  /** 32 bytes: codes of what the log keeps for itself are made under it, whatever key signs. */
  readonly secret: Buffer
}

export function newSignerKeys(origin: string, seed: Buffer = randomBytes(32)): SignerKeys {
  return { origin, seeds: [seed], secret: randomBytes(32) }
}

export function encodeSignerKeys({ origin, seeds, secret }: SignerKeys): Buffer {
  const fields: JsonObject = {
    v: 1,
    origin,
    keys: seeds.map(seed => ({ vkey: noteSigner(origin, seed).vkey, seed: seed.toString('base64') })),
    secret: secret.toString('base64'),
  }
  return Buffer.from(`${canonicalJson(fields)}\n`)
}

/** Undefined unless the bytes are exactly what `encodeSignerKeys` gives for this origin. */
export function decodeSignerKeys(bytes: Buffer, origin: string): SignerKeys | undefined {
  try {
    const { keys, secret } = JSON.parse(bytes.toString('utf8')) as {
      readonly keys: readonly { readonly seed: string }[]
      readonly secret: string
    }
    const seeds = keys.flatMap(({ seed }) => decodeBase64(seed) ?? [])
    const found = { origin, seeds, secret: decodeBase64(secret) ?? Buffer.alloc(0) }
    if (seeds.length === 0 || found.secret.length !== 32) return undefined
    return encodeSignerKeys(found).equals(bytes) ? found : undefined
  } catch {
    return undefined
  }
}

export function signersOf({ origin, seeds }: SignerKeys): readonly NoteSigner[] {
  return seeds.map(seed => noteSigner(origin, seed))
}
