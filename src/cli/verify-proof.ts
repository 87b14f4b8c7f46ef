import { Fault } from '../kernel/faults.ts'
import { decodeEntry } from '../ledger/entry/entry.ts'
import { parseProof } from '../ledger/note/proof.ts'
import { leafHash } from '../ledger/tree/merkle.ts'
import { type ProofJudged, trustProof } from '../ledger/trust/trust-proof.ts'
import { type Call, EXIT } from './call.ts'
import { readGiven } from './files.ts'
import { policyIn } from './policy-in.ts'
import { fields } from './table.ts'
import { plain } from './terminal.ts'

export interface ProofFiles {
  readonly proof: string
  readonly entry: string
  readonly policy: string
}

/** A cosignature from further ahead than clocks drift apart is worth a word; it is no reason to refuse (tlog-cosignature). */
const AHEAD_SECONDS = 300

/** Judges one proof from three files and nothing else: no server, no configuration, no clock but for a warning. */
export function verifyProofFiles(call: Call, files: ProofFiles): number {
  const policy = policyIn(files.policy)
  const proof = parseProof(readGiven('--proof', files.proof).toString('utf8'))
  if (proof === undefined)
    throw new Fault('input.invalid', `--proof: ${files.proof} is no tlog-proof.`, {
      next: 'Make one with `breakglass ledger prove N -o FILE`.',
    })
  const entry = readGiven('--entry', files.entry)
  const judged = trustProof(proof, entry, policy)
  const leaf = leafHash(entry).toString('hex')
  if (!judged.ok) {
    const hint = hintFor(judged, entry, () => trustProof(proof, entry.subarray(0, -1), policy).ok)
    call.answer(
      { ok: false, why: judged.why, what: judged.what, index: proof.index, leaf_hash: leaf, hint },
      () => [
        call.terminal.paint('red', `NOT PROVEN: ${plain(judged.what)}.`),
        ...(hint ? [`  ${hint}`] : []),
      ],
    )
    return EXIT.refused
  }
  const { checkpoint } = judged
  const cosignatures = checkpoint.cosignatures.map(({ witness, time }) => ({
    witness: witness.name,
    vkey: witness.vkey,
    time: utc(time),
  }))
  const value = {
    ok: true,
    index: judged.index,
    leaf_hash: leaf,
    log: checkpoint.origin,
    log_vkey: checkpoint.log.vkey,
    size: checkpoint.size,
    root: checkpoint.root.toString('hex'),
    cosignatures,
    ...(checkpoint.witnessedBy !== undefined && { witnessed_by: utc(checkpoint.witnessedBy) }),
  }
  call.answer(value, () => [
    call.terminal.paint('green', `PROVEN: entry ${judged.index} of ${checkpoint.origin}.`),
    ...fields([
      ['entry', summaryOf(entry)],
      ['leaf hash', leaf],
      ['signed by', checkpoint.log.vkey],
      ['signed head', `${checkpoint.size} entries, root ${value.root}`],
      ...cosignatures.map(
        ({ witness, time }) => ['cosigned', `${witness} at ${time}${aheadWords(time)}`] as const,
      ),
      ['witnessed by', value.witnessed_by ?? 'nobody: the policy asks for no witness'],
    ]),
    '',
    'It proves that these bytes stand at this place in the one history that the log and these witnesses signed.',
    'It does not prove that what they say is true, nor that nothing else happened: who owns gateway and signer',
    'can lie about new events. `breakglass ledger verify FOLDER` recomputes the whole log.',
  ])
  return EXIT.done
}

/** The commonest mistake: an editor or a shell put a line end behind the entry. */
function hintFor(
  judged: ProofJudged & { ok: false },
  entry: Buffer,
  holdsWithoutLast: () => boolean,
): string | undefined {
  if (judged.why === 'not_included' && entry.at(-1) === 0x0a && holdsWithoutLast())
    return 'The file ends with a newline that is not part of the entry; `ledger entry N -o FILE` writes the exact bytes.'
  if (judged.why === 'no_quorum')
    return 'Witnesses cosign within seconds: make the proof again in a moment, or ask why they do not answer.'
  if (judged.why === 'unknown_log')
    return 'Compare the policy with the key of the log, as its first entry and its operator say it.'
  return undefined
}

function summaryOf(entry: Buffer): string {
  const read = decodeEntry(entry)
  if (read === undefined) return `${entry.length} bytes`
  return `${read.type}${read.outcome === undefined ? '' : ` (${read.outcome})`}, ${new Date(read.t).toISOString()}`
}

function aheadWords(time: string): string {
  const ahead = (Date.parse(time) - Date.now()) / 1000
  return ahead > AHEAD_SECONDS ? ` (${Math.round(ahead / 60)} minutes ahead of this clock)` : ''
}

/** Beyond what a Date holds only the number is left. */
function utc(seconds: number): string {
  return seconds <= 8.64e12 ? new Date(seconds * 1000).toISOString() : `second ${seconds}`
}
