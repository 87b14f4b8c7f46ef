import type { JsonObject } from '../../kernel/json.ts'
import { decodeEntry } from '../entry/entry.ts'
import type { KeyEvent } from './key-life.ts'

/** The source of what the log says about itself; no caller of the log writes under it. */
const SOURCE = 'ledger'
const MENTION = '"type":"ledger.'

const KINDS: ReadonlyMap<string, KeyEvent['kind']> = new Map([
  ['ledger.created', 'began'],
  ['ledger.continued', 'began'],
  ['ledger.key_added', 'added'],
  ['ledger.key_retired', 'retired'],
  ['ledger.key_compromised', 'compromised'],
])

/** What an entry says about the keys of its log; undefined when it says nothing. `bytes`: as they were hashed. */
export function keyEventOf(index: number, bytes: Buffer): KeyEvent | undefined {
  if (!bytes.includes(MENTION)) return undefined
  const fields = decodeEntry(bytes)
  const kind = fields?.src === SOURCE ? KINDS.get(fields.type) : undefined
  if (fields === undefined || kind === undefined) return undefined
  const { vkey, since } = fields.data
  if (typeof vkey !== 'string') return undefined
  if (kind !== 'compromised') return { kind, index, vkey }
  return typeof since === 'number' ? { kind, index, vkey, since } : undefined
}

/** The entry that says it, as a draft. `since`: for `ledger.key_compromised`, whose other fields are the same. */
export function keyDraft(
  type: 'ledger.key_added' | 'ledger.key_retired' | 'ledger.key_compromised',
  vkey: string,
  since?: number,
): { readonly type: string; readonly src: string; readonly data: JsonObject } {
  return { type, src: SOURCE, data: { vkey, ...(since !== undefined && { since }) } }
}
