import { Fault } from '../../kernel/faults.ts'

export interface Disagreement {
  readonly log: string
  readonly origin: string
  /** Entries the signer has signed. */
  readonly signed: number
  /** Where the data ends, or first differs as far as that can be told. */
  readonly file: string
  readonly index: number
}

const NEXT =
  'Nothing was changed. Stop every other server on a copy of this data and bring back the newest data. When that is lost, `breakglass restore --new-origin` goes on from a backup and records what is missing.'

/** The log ends before what its signer has signed: an older copy was put in its place. `index`: entries found. */
export function turnedBack({ log, origin, signed, file, index }: Disagreement): Fault {
  const missing = signed - index
  return new Fault(
    'ledger.damaged',
    `The log ${log} was turned back: the signer remembers ${signed} entries, ${index} are whole. The last ${missing === 1 ? 'entry is' : `${missing} are`} missing: this data is an older copy.`,
    { next: NEXT, facts: { log, origin, file, index, signed, found: index } },
  )
}

/** At the size that was signed, the data holds another tree: two servers went on from copies of one log. */
export function wentAnotherWay({ log, origin, signed, file, index }: Disagreement): Fault {
  return new Fault(
    'ledger.damaged',
    `The log ${log} went another way than what was signed: it holds another tree of ${signed} entries than the signer remembers. A server went on from a copy of this data, or somebody rewrote it.`,
    { next: NEXT, facts: { log, origin, file, index, signed } },
  )
}
