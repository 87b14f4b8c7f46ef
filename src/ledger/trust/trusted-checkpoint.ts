import { type Checkpoint, parseExtendedCheckpointText } from '../note/checkpoint.ts'
import { type Cosigner, cosignedAt } from '../note/cosignature.ts'
import { openNote } from '../note/note.ts'
import { type NoteSignature, splitNote } from '../note/split-note.ts'
import type { Policy, PolicyLog, PolicyWitness } from './policy.ts'
import { isQuorum, missingWords } from './quorum.ts'

/** Known to this file alone: what is made without it was not checked. */
const maker = Symbol('trusted checkpoint')

export interface WitnessedAt {
  readonly witness: PolicyWitness
  /** Seconds since 1970, by the witness's clock; the newest when it cosigned more than once. */
  readonly time: number
}

/** Proof that a policy believes a checkpoint; `trustCheckpoint` alone makes one. */
export class TrustedCheckpoint implements Checkpoint {
  readonly #proof = true
  readonly origin: string
  readonly size: number
  readonly root: Buffer
  /** Whose signature verified. */
  readonly log: PolicyLog
  /** Those of the policy's witnesses, each once, as their lines stand. */
  readonly cosignatures: readonly WitnessedAt[]
  /** Seconds since 1970 at which, by their own clocks, enough witnesses had cosigned; undefined when none is asked for. */
  readonly witnessedBy: number | undefined

  /** @internal Call `trustCheckpoint`. */
  constructor(
    by: symbol,
    { origin, size, root }: Checkpoint,
    log: PolicyLog,
    cosignatures: readonly WitnessedAt[],
    witnessedBy: number | undefined,
  ) {
    if (by !== maker) throw new TypeError('a checkpoint is trusted by a policy alone')
    this.origin = origin
    this.size = size
    this.root = root
    this.log = log
    this.cosignatures = cosignatures
    this.witnessedBy = witnessedBy
  }

  static is(value: unknown): value is TrustedCheckpoint {
    return value instanceof TrustedCheckpoint && #proof in value
  }
}

/**
 * `malformed`: no checkpoint. `unknown_log`: no log of the policy has its origin, or signed it. `bad_signature`: a
 * signature that claims a key of the policy does not verify, so the whole note is refused. `no_quorum`: too few witnesses.
 */
export type Distrust = 'malformed' | 'unknown_log' | 'bad_signature' | 'no_quorum'

export type Judged =
  | { readonly ok: true; readonly trusted: TrustedCheckpoint }
  | { readonly ok: false; readonly why: Distrust; readonly what: string }

/**
 * Judges a signed checkpoint by a policy: c2sp.org/tlog-policy over c2sp.org/signed-note and c2sp.org/tlog-cosignature.
 * Signatures of keys the policy does not know are passed over, whatever their type. Pure; it asks no clock, so whether the
 * times of the cosignatures lie in the future is for the caller to judge.
 */
export function trustCheckpoint(note: string, policy: Policy): Judged {
  const split = splitNote(note)
  const checkpoint = split && parseExtendedCheckpointText(split.text)
  if (split === undefined || checkpoint === undefined)
    return distrust('malformed', 'it is no signed checkpoint')
  const { text, signatures } = split

  const logs = policy.logs.filter(({ verifier }) => verifier?.name === checkpoint.origin)
  const signed = logs.filter(({ verifier }) => verifier && signatures.some(one => claims(one, verifier)))
  const [log] = signed
  if (log === undefined)
    return distrust('unknown_log', `no log of the policy signed as ${JSON.stringify(checkpoint.origin)}`)
  if (signed.some(({ verifier }) => verifier && openNote(note, [verifier]) === undefined))
    return distrust('bad_signature', `the signature of the log ${checkpoint.origin} does not verify`)

  const times = new Map<PolicyWitness, number>()
  for (const witness of policy.witnesses) {
    const { cosigner } = witness
    if (cosigner === undefined) continue
    for (const signature of signatures.filter(one => claims(one, cosigner))) {
      const time = cosignedAt(text, signature, cosigner)
      if (time === undefined)
        return distrust('bad_signature', `a cosignature of the witness ${witness.name} does not verify`)
      times.set(witness, Math.max(time, times.get(witness) ?? 0))
    }
  }
  const missing = missingWords(policy.quorum, new Set(times.keys()))
  if (missing !== undefined) return distrust('no_quorum', `cosignatures are missing: ${missing}`)
  const cosignatures = [...times].map(([witness, time]) => ({ witness, time }))
  return {
    ok: true,
    trusted: new TrustedCheckpoint(maker, checkpoint, log, cosignatures, quorumTime(policy, cosignatures)),
  }
}

function claims(signature: NoteSignature, { name, keyId }: Pick<Cosigner, 'name' | 'keyId'>): boolean {
  return signature.name === name && signature.keyId.equals(keyId)
}

/** The earliest time at which those who had cosigned by then were enough. */
function quorumTime({ quorum }: Policy, cosignatures: readonly WitnessedAt[]): number | undefined {
  if (quorum === 'none') return undefined
  const witnessed = new Set<PolicyWitness>()
  for (const { witness, time } of cosignatures.toSorted((a, b) => a.time - b.time)) {
    witnessed.add(witness)
    if (isQuorum(quorum, witnessed)) return time
  }
  return undefined
}

function distrust(why: Distrust, what: string): Judged {
  return { ok: false, why, what }
}
