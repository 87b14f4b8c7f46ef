import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Fault } from '../../kernel/faults.ts'
import type { Disk } from '../../ledger/disk.ts'
import type { Draft } from '../../ledger/log.ts'
import { noteSigner, parseVkey } from '../../ledger/note/note.ts'
import { openLog } from '../../ledger/open-log.ts'
import { keyDraft } from '../../ledger/signer/key-event.ts'
import { type KeyLife, keysSigning } from '../../ledger/signer/key-life.ts'
import type { SignerHouse } from '../../ledger/signer/signer-house.ts'
import { readKeys, signerFolder } from '../../ledger/signer/signer-keep.ts'
import {
  decodeSignerKeys,
  encodeSignerKeys,
  KEYS_FILE,
  NEXT_KEYS_FILE,
  type SignerKeys,
  signersOf,
} from '../../ledger/signer/signer-keys.ts'
import { lockDirectory } from '../../store/file/directory-lock.ts'
import { nodeDisk } from '../../store/file/node-disk.ts'
import type { Config } from '../config/config.ts'
import { type DataFormat, readFormat } from '../data-format.ts'
import { CONTROL_LOG, originOf, PLACES, SESSION_LOG } from '../open-store.ts'
import { systemClock } from '../system-clock.ts'
import { keysInside } from './keys-inside.ts'
import { openSignerDirectory } from './signer-directory.ts'

/** `keyId`: eight hex digits. `since`: size of the last head by that key that is still believed. */
export type KeyChange =
  | { readonly kind: 'rotate' }
  | { readonly kind: 'retire'; readonly keyId: string }
  | { readonly kind: 'compromised'; readonly keyId: string; readonly since: number }

export interface ChangeKeysOptions {
  readonly config: Pick<Config, 'organisation' | 'data' | 'signer' | 'ledger'>
  readonly log: string
  readonly change: KeyChange
}

export interface KeysChanged {
  readonly log: string
  readonly origin: string
  readonly size: number
  /** An earlier change that was cut in two was finished; nothing of this one was done. */
  readonly finished: boolean
  /** Those that sign from now on, the oldest first. */
  readonly vkeys: readonly string[]
}

/**
 * Changes the keys of one log while its server is stopped: the next keys are put down beside the old ones, the log records the
 * change under the old ones, the next ones take their place, and the head is signed again. Cut in two anywhere, the next call
 * goes by what the log says. Faults: `ledger.in_use` while a server runs, `not_found` for a log or key that is not there,
 * `conflict` for the last key or a third one, `config.invalid` when another account signs.
 */
export async function changeKeys({ config, log, change }: ChangeKeysOptions): Promise<KeysChanged> {
  if (log !== CONTROL_LOG && log !== SESSION_LOG)
    throw new Fault('not_found', `There is no log ${JSON.stringify(log)}.`, {
      next: `Name ${CONTROL_LOG} or ${SESSION_LOG}.`,
    })
  if (config.ledger.signer.kind === 'socket')
    throw new Fault(
      'config.invalid',
      'The keys lie with a signer of another account, out of reach from here.',
      {
        next: 'Stop both, let `signer` name its directory and `ledger.signer` be in_process for this command, and give the files their owners back.',
      },
    )
  const lock = await lockDirectory(config.data)
  try {
    const house = await openSignerDirectory(config.signer)
    try {
      const format = await readFormat(config.data)
      const origin = originOf(config.organisation, log, format.name)
      return await new Change(config, log, origin, format, house).run(change)
    } finally {
      await house.close()
    }
  } finally {
    await lock.release()
  }
}

class Change {
  readonly #config: ChangeKeysOptions['config']
  readonly #log: string
  readonly #origin: string
  readonly #format: DataFormat
  readonly #house: SignerHouse
  readonly #disk: Disk
  /** The signer's folder of this log; its directory is locked by `house`. */
  readonly #keep: Disk

  constructor(
    config: ChangeKeysOptions['config'],
    log: string,
    origin: string,
    format: DataFormat,
    house: SignerHouse,
  ) {
    this.#config = config
    this.#log = log
    this.#origin = origin
    this.#format = format
    this.#house = house
    this.#disk = nodeDisk(join(config.data, PLACES.logs, log))
    this.#keep = nodeDisk(join(config.signer, signerFolder(origin)))
  }

  async run(change: KeyChange): Promise<KeysChanged> {
    // Brings the log to order first: what it names decides over seeds.
    await this.#record()
    const { lives, whole } = await keysInside(this.#disk)
    if (!whole)
      throw new Fault('ledger.damaged', `The log ${this.#log} is damaged; its keys were not changed.`, {
        next: 'Run `breakglass ledger verify`, then restore the folder from a backup.',
        facts: { log: this.#log },
      })
    const finished = await this.#settle(keysSigning(lives))
    if (!finished) {
      const keys = await this.#keys(keysSigning(lives))
      const { next, vkey } = plan(change, keys, lives)
      const draft =
        change.kind === 'rotate'
          ? keyDraft('ledger.key_added', vkey)
          : change.kind === 'retire'
            ? keyDraft('ledger.key_retired', vkey)
            : keyDraft('ledger.key_compromised', vkey, change.since)
      if (next !== keys) await this.#keep.replace(NEXT_KEYS_FILE, encodeSignerKeys(next))
      await this.#record(draft, change.kind === 'compromised' ? change.since : 0)
      if (next !== keys) await this.#commit(next)
    }
    return { log: this.#log, origin: this.#origin, finished, ...(await this.#record()) }
  }

  /** What an earlier change left: the next keys take their place when the log names them, and go when it does not. */
  async #settle(named: readonly string[]): Promise<boolean> {
    const bytes = await this.#keep.read(NEXT_KEYS_FILE)
    if (bytes === undefined) return false
    const next = decodeSignerKeys(bytes, this.#origin)
    if (next === undefined || !same(named, vkeysOf(next))) {
      await this.#keep.remove(NEXT_KEYS_FILE)
      return false
    }
    await this.#commit(next)
    return true
  }

  async #commit(next: SignerKeys): Promise<void> {
    await this.#keep.replace(KEYS_FILE, encodeSignerKeys(next))
    await this.#keep.remove(NEXT_KEYS_FILE)
  }

  async #keys(named: readonly string[]): Promise<SignerKeys> {
    const keys = await readKeys(this.#keep, this.#origin)
    if (keys !== undefined && same(named, vkeysOf(keys))) return keys
    throw new Fault(
      'ledger.damaged',
      `The signer does not hold exactly the keys that ${this.#origin} names.`,
      {
        next: 'Nothing was changed. Start the server once if it never ran; then run `breakglass ledger verify`.',
        facts: { log: this.#log, named },
      },
    )
  }

  /** Opens the log, which signs its head with the keys there are, and appends what there is to say. `least`: entries it must have. */
  async #record(draft?: Draft, least = 0): Promise<{ size: number; vkeys: readonly string[] }> {
    const log = await openLog({
      name: this.#log,
      origin: this.#origin,
      disk: this.#disk,
      signer: await this.#house.open(this.#origin, { create: false }),
      clock: systemClock(),
      segmentBytes: this.#config.ledger.segmentBytes,
      entryZero: {},
      former: this.#format.former.filter(one => one.log === this.#log),
    })
    try {
      if (log.length < least)
        throw new Fault('input.invalid', `The log ${this.#log} has ${log.length} entries, not ${least}.`, {
          next: 'Give --since the size of a head that was signed.',
        })
      if (draft !== undefined) await log.append([draft], { reserve: true }).signed()
      return { size: log.head().size, vkeys: log.vkeys }
    } finally {
      await log.close()
    }
  }
}

/** The keys after the change, and the one it is about. */
function plan(
  change: KeyChange,
  keys: SignerKeys,
  lives: readonly KeyLife[],
): { readonly next: SignerKeys; readonly vkey: string } {
  if (change.kind === 'rotate') {
    if (keys.seeds.length > 1)
      throw new Fault('conflict', 'Two keys sign this log already.', {
        next: 'Retire the older one first: `breakglass ledger retire-key`.',
        facts: { vkeys: vkeysOf(keys) },
      })
    const seed = randomBytes(32)
    return { next: { ...keys, seeds: [...keys.seeds, seed] }, vkey: noteSigner(keys.origin, seed).vkey }
  }
  const keyId = change.keyId.toLowerCase()
  const life = lives.find(({ vkey }) => parseVkey(vkey)?.keyId.toString('hex') === keyId)
  if (life === undefined || (change.kind === 'retire' && life.until !== undefined))
    throw new Fault('not_found', `No key ${JSON.stringify(change.keyId)} signs this log.`, {
      next: 'Give the eight hex digits between the two + of a verifier key: `breakglass ledger verify` prints them.',
      facts: { vkeys: vkeysOf(keys) },
    })
  const { vkey } = life
  const seeds = keys.seeds.filter(seed => noteSigner(keys.origin, seed).vkey !== vkey)
  if (seeds.length === 0)
    throw new Fault('conflict', 'It is the only key of this log.', {
      next: 'Give the log another one first: `breakglass ledger rotate-key`.',
      facts: { vkey },
    })
  return { next: seeds.length === keys.seeds.length ? keys : { ...keys, seeds }, vkey }
}

function vkeysOf(keys: SignerKeys): readonly string[] {
  return signersOf(keys).map(({ vkey }) => vkey)
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every(vkey => other.includes(vkey))
}
