/** The format of a bundle; another way of writing one gets another number. */
export const BUNDLE_FORMAT = 'breakglass.evidence/1'

export const MANIFEST_FILE = 'manifest.json'
/** The policy as the server had it: to be read, never to be trusted. */
export const POLICY_FILE = 'policy.txt'

/** The logs a bundle may hold a part of; their origins end with these names. */
export const LOG_FOLDERS = ['control', 'sessions'] as const
export type LogFolder = (typeof LOG_FOLDERS)[number]

/** Files of the part of a log, below `logs/<log>/`. */
export const PART = {
  /** The signed note, byte for byte, with what witnesses put under it. */
  checkpoint: 'checkpoint',
  /** A line for each entry: its index, a space, its exact bytes. */
  entries: 'entries.txt',
  /** A line for each entry that has a commitment: what was sealed, or why it is not here. */
  payloads: 'payloads.txt',
  /** A line for each hash of the proof of all of them together. */
  proof: 'proof.txt',
  /** A folder with a C2SP tlog-proof for single entries. */
  proofs: 'proofs',
} as const

export function partFile(log: LogFolder, file: string): string {
  return `logs/${log}/${file}`
}

export function proofFile(log: LogFolder, index: number): string {
  return partFile(log, `${PART.proofs}/${index}.tlog-proof`)
}

/** The bytes whose digest the log names: a set of procedures as its owners accepted it. */
export function procedureFile(digest: string): string {
  return `procedures/${digest}.json`
}

/** What explains a bundle and checks it, and is itself no evidence. */
export const AIDS = ['HOWTO.md', 'verify.mjs', 'verify.html'] as const
