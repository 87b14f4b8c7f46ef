import type { Slice } from '../../journal/slice.ts'

/** What the control log says of the witnesses of a log. Keys: the log; `log/witness`. */
export interface WitnessRecord {
  /** True from `ledger.unwitnessed` until `ledger.witnessed_again`. */
  readonly lapsed: boolean
  /** Size the witness claimed in its last contradiction. */
  readonly said: number | undefined
}

export const witnessRecords: Slice<WitnessRecord> = {
  name: 'witnesses',
  keys: ({ type, data }) => {
    if (type === 'ledger.unwitnessed' || type === 'ledger.witnessed_again') return [data.log as string]
    return type === 'ledger.contradicted'
      ? [contradictionKey(data.log as string, data.witness as string)]
      : []
  },
  evolve: (_, { type, data }) =>
    type === 'ledger.contradicted'
      ? { lapsed: false, said: data.said as number }
      : { lapsed: type === 'ledger.unwitnessed', said: undefined },
}

export function contradictionKey(log: string, witness: string): string {
  return `${log}/${witness}`
}
