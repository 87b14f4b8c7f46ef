/** What an entry of the log says about its keys; `index`: of that entry. */
export type KeyEvent =
  | { readonly kind: 'began' | 'added' | 'retired'; readonly index: number; readonly vkey: string }
  | {
      readonly kind: 'compromised'
      readonly index: number
      readonly vkey: string
      /** Size of the last head by that key that is still believed. */
      readonly since: number
    }

/** The sizes of heads for which the signature of a key counts, both ends included. */
export interface KeyLife {
  readonly vkey: string
  readonly from: number
  /** Undefined while it signs. */
  readonly until: number | undefined
  readonly end: 'retired' | 'compromised' | 'replaced' | undefined
}

/**
 * The lives of all keys, in the order they began. `events`: as they stand in the log. A key lives once; an event that names no
 * key it could be about, or would leave the log without one, changes nothing. Pure.
 *
 * - `began` (entry 0, `ledger.continued`): from then on this key alone; it signed the entries before under its own origin.
 * - `added` counts from the head that covers its entry; `retired` up to the head that covers its entry, which both signed.
 * - `compromised` takes heads back, also those of a key that was retired before.
 */
export function keyLives(events: readonly KeyEvent[]): readonly KeyLife[] {
  const lives = new Map<string, KeyLife>()
  for (const event of events) {
    const { kind, index, vkey } = event
    const life = lives.get(vkey)
    switch (kind) {
      case 'began':
        if (life !== undefined) break
        for (const one of signing(lives)) lives.set(one.vkey, { ...one, until: index, end: 'replaced' })
        lives.set(vkey, { vkey, from: index, until: undefined, end: undefined })
        break
      case 'added':
        if (life === undefined && lives.size > 0)
          lives.set(vkey, { vkey, from: index + 1, until: undefined, end: undefined })
        break
      case 'retired':
        if (life?.until === undefined && mayEnd(lives, life))
          lives.set(vkey, { ...life, until: index + 1, end: kind })
        break
      case 'compromised':
        if (mayEnd(lives, life))
          lives.set(vkey, { ...life, until: Math.min(event.since, life.until ?? index + 1), end: kind })
        break
    }
  }
  return [...lives.values()]
}

/** The keys that sign the heads after the last event. */
export function keysSigning(lives: readonly KeyLife[]): readonly string[] {
  return lives.filter(({ until }) => until === undefined).map(({ vkey }) => vkey)
}

/** The keys whose signature on a head of `size` entries counts. */
export function keysCounting(lives: readonly KeyLife[], size: number): readonly string[] {
  return lives.filter(({ from, until = size }) => from <= size && size <= until).map(({ vkey }) => vkey)
}

function signing(lives: ReadonlyMap<string, KeyLife>): readonly KeyLife[] {
  return [...lives.values()].filter(({ until }) => until === undefined)
}

function mayEnd(lives: ReadonlyMap<string, KeyLife>, life: KeyLife | undefined): life is KeyLife {
  return life !== undefined && signing(lives).some(({ vkey }) => vkey !== life.vkey)
}
