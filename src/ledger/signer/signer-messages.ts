import { canonicalJson } from '../../kernel/canonical-json.ts'
import { FAULTS, Fault, type FaultCode } from '../../kernel/faults.ts'
import type { JsonObject, JsonValue } from '../../kernel/json.ts'
import { decodeBase64 } from '../note/base64.ts'
import { isKeyName } from '../note/verifier-key.ts'
import { HASH_BYTES } from '../tree/merkle.ts'
import { MEMORY_BYTES } from './signer-memory.ts'
import type { SignedHead } from './signer.ts'

/** What a log asks of the signer. Hashes, seeds and memories travel as base64. */
export type SignerAsk =
  /** Takes the log for this connection; `create`: the log is empty, so a key may be made. */
  | { readonly op: 'open'; readonly origin: string; readonly create: boolean }
  /** Hands over the key and the memory of a log that was signed elsewhere until now. */
  | { readonly op: 'adopt'; readonly origin: string; readonly seed: Buffer; readonly memory: Buffer }
  | {
      readonly op: 'sign'
      readonly origin: string
      readonly head: SignedHead
      /** The size the proof starts from: what the asking side believes was signed last; 0 when nothing was. */
      readonly from: number
      readonly proof: readonly Buffer[]
    }
  | { readonly op: 'mac'; readonly origin: string; readonly digest: Buffer }
  | { readonly op: 'close'; readonly origin: string }

/** `id` is the asking side's; an answer repeats it, and answers come in any order. */
export type SignerRequest = SignerAsk & { readonly id: number }

export type SignerAnswer =
  | { readonly id: number; readonly ok: JsonObject }
  | { readonly id: number; readonly fault: Fault }

/** Longer origins would not leave room for the checkpoint in a slot of the memory. */
export const ORIGIN_LIMIT = 512
/** A tree of 2⁵³ entries has no longer proof. */
const PROOF_LIMIT = 64
const SEED_BYTES = 32

export function encodeRequest(request: SignerRequest): string {
  switch (request.op) {
    case 'open':
    case 'close':
      return canonicalJson({ ...request })
    case 'adopt':
      return canonicalJson({ ...request, seed: base64(request.seed), memory: base64(request.memory) })
    case 'mac':
      return canonicalJson({ ...request, digest: base64(request.digest) })
    case 'sign': {
      const { id, op, origin, head, from, proof } = request
      return canonicalJson({
        id,
        op,
        origin,
        size: head.size,
        root: base64(head.root),
        from,
        proof: proof.map(base64),
      })
    }
  }
}

/** Undefined unless the text is byte for byte what `encodeRequest` gives: nothing unknown, nothing twice, no other spelling. */
export function decodeRequest(text: string): SignerRequest | undefined {
  const fields = parse(text)
  if (fields === undefined) return undefined
  const request = requestOf(fields)
  return request !== undefined && encodeRequest(request) === text ? request : undefined
}

export function encodeAnswer(answer: SignerAnswer): string {
  if ('ok' in answer) return canonicalJson({ id: answer.id, ok: answer.ok })
  const { code, message, next, facts } = answer.fault
  return canonicalJson({
    id: answer.id,
    fault: { code, message, ...(next !== undefined && { next }), facts: facts as JsonObject },
  })
}

/** Undefined when the text is no answer. */
export function decodeAnswer(text: string): SignerAnswer | undefined {
  const fields = parse(text)
  if (fields === undefined || !isSize(fields['id'])) return undefined
  const id = fields['id']
  const { ok, fault } = fields
  if (isObject(ok)) return { id, ok }
  if (!isObject(fault)) return undefined
  const { code, message, next, facts } = fault
  if (typeof code !== 'string' || !(code in FAULTS) || typeof message !== 'string' || !isObject(facts))
    return undefined
  return {
    id,
    fault: new Fault(code as FaultCode, message, { ...(typeof next === 'string' && { next }), facts }),
  }
}

function requestOf(fields: JsonObject): SignerRequest | undefined {
  const { id, op, origin } = fields
  if (!isSize(id) || typeof origin !== 'string') return undefined
  if (!isKeyName(origin) || Buffer.byteLength(origin) > ORIGIN_LIMIT) return undefined
  switch (op) {
    case 'open': {
      const { create } = fields
      return typeof create === 'boolean' ? { id, op, origin, create } : undefined
    }
    case 'close':
      return { id, op, origin }
    case 'adopt': {
      const seed = bytesOf(fields['seed'], SEED_BYTES)
      const memory = bytesOf(fields['memory'], MEMORY_BYTES)
      return seed && memory && { id, op, origin, seed, memory }
    }
    case 'mac': {
      const digest = bytesOf(fields['digest'], HASH_BYTES)
      return digest && { id, op, origin, digest }
    }
    case 'sign': {
      const { size, from, proof: steps } = fields
      const root = bytesOf(fields['root'], HASH_BYTES)
      if (!isSize(size) || !isSize(from) || !Array.isArray(steps) || steps.length > PROOF_LIMIT)
        return undefined
      const proof = steps.flatMap(step => bytesOf(step, HASH_BYTES) ?? [])
      if (root === undefined || proof.length !== steps.length) return undefined
      return { id, op, origin, head: { size, root }, from, proof }
    }
    default:
      return undefined
  }
}

function parse(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as JsonValue
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSize(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function bytesOf(value: JsonValue | undefined, length: number): Buffer | undefined {
  const bytes = typeof value === 'string' ? decodeBase64(value) : undefined
  return bytes?.length === length ? bytes : undefined
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64')
}
