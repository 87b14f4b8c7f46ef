import type { Inspection } from '../inspect/inspector.ts'
import { unitedTouched } from '../inspect/touched.ts'

/** A prepared statement: what it was judged to be. */
export interface Definition {
  readonly inspection: Inspection
  readonly text: string
  /** Declared for its parameters; kept only where writes are rehearsed. */
  readonly types?: readonly number[]
  /** Number of the action that prepared it. */
  seq: number
}

/** What running a statement does, as far as forwarding it has to know. */
export type Does = Pick<Inspection, 'verbs' | 'writes' | 'touched' | 'copy' | 'copies' | 'transactionControl'>

interface Pending {
  readonly definition: Definition
  /** Number of Syncs and queries sent before it. */
  readonly segment: number
}

/**
 * Which statement a name means when a Bind or EXECUTE uses it. A definition is believed when the target confirmed it; in a
 * pipeline it may still fail, and then the name goes on meaning what it meant before. So a name can mean several things for
 * a moment: `find` gives all of them, and the record says what any of them would do (never less than what runs).
 */
export class Statements {
  readonly #known = new Map<string, Definition>()
  readonly #pending = new Map<string, Pending[]>()
  #segment = 0

  get size(): number {
    return this.#known.size + this.#pending.size
  }

  /** Number of Syncs and queries sent so far. */
  get segment(): number {
    return this.#segment
  }

  /** A Sync or a simple query was sent: errors before it no longer skip what comes after. */
  nextSegment(): void {
    this.#segment++
  }

  asked(name: string, definition: Definition): void {
    const list = this.#pending.get(name)
    const pending = { definition, segment: this.#segment }
    if (list) list.push(pending)
    else this.#pending.set(name, [pending])
  }

  confirmed(name: string, definition: Definition): void {
    this.#settle(name, definition)
    this.#known.set(name, definition)
  }

  failed(name: string, definition: Definition): void {
    this.#settle(name, definition)
  }

  /** The name may now mean this or nothing: whoever uses it is refused until it is prepared anew. */
  doubtful(name: string, definition: Definition): void {
    this.#settle(name, definition)
    this.#known.delete(name)
  }

  closed(name: string): void {
    this.#known.delete(name)
  }

  clear(): void {
    this.#known.clear()
  }

  find(name: string): readonly Definition[] {
    const known = this.#known.get(name)
    const list = this.#pending.size === 0 ? undefined : this.#pending.get(name)
    if (list === undefined) return known ? [known] : []
    const latest = list.at(-1)
    // Within one segment a failed Parse makes the target skip whatever would use it.
    if (latest && latest.segment === this.#segment) return [latest.definition]
    const all = list.map(pending => pending.definition)
    return known ? [known, ...all] : all
  }

  #settle(name: string, definition: Definition): void {
    const list = this.#pending.get(name)
    const at = list?.findIndex(pending => pending.definition === definition) ?? -1
    if (list === undefined || at < 0) return
    list.splice(at, 1)
    if (list.length === 0) this.#pending.delete(name)
  }
}

/** One reading of several definitions: whatever any of them would do. */
export function united(definitions: readonly Definition[]): Does {
  return either(definitions.map(one => one.inspection))
}

/** What one of several may do. */
export function either(all: readonly Does[]): Does {
  const [only] = all
  if (all.length === 1 && only) return only
  const touched = unitedTouched(all.map(one => one.touched))
  return {
    verbs: [...new Set(all.flatMap(one => one.verbs))],
    writes: all.some(one => one.writes),
    transactionControl: all.some(one => one.transactionControl),
    ...(touched && { touched }),
    ...(all.some(one => one.copy === 'in') ? { copy: 'in' } : {}),
  }
}
