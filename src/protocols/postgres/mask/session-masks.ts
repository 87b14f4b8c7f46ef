import { performance } from 'node:perf_hooks'
import type { Objection } from '../../../target/action.ts'
import type { Inspection, Inspector } from '../inspect/inspector.ts'
import type { MaskKnowledge } from './answer-masks.ts'
import type { MaskCatalog } from './catalog.ts'
import { judgeOutline, type MaskVerdict } from './judge-outline.ts'
import type { Dissection } from '../rehearse/dissection.ts'
import type { Outline } from './outline.ts'

/** Milliseconds after which the columns are looked up anew, and where they decide by position or the session changes the schema. */
const FRESH_MS = 30_000
const JUST_NOW_MS = 1000
const ALIASES_AT_MOST = 10_000

/** Verbs that leave the schema as it is. */
const KEEPS_SCHEMA =
  /^(select|insert|update|delete|merge|copy|explain|explain analyze|prepare|execute|deallocate|begin|start|commit|rollback|savepoint|release|rollback to|set|reset|show|declare|fetch|close|listen|unlisten|notify|lock|truncate|discard|vacuum)$/

const UNREAD: Objection = {
  rule: 'masked_column',
  what: 'the statement could not be searched for masked columns',
  next: 'Send it again; if that does not help, split it.',
}
const NO_CATALOG: Objection = {
  rule: 'masked_column',
  what: 'the masked columns could not be looked up at the target',
  next: 'Try again; if it goes on, open the session anew.',
}
const TOO_MANY: Objection = {
  rule: 'masked_column',
  what: `more than ${ALIASES_AT_MOST} names were given to masked columns in one session`,
  next: 'Open the session anew.',
}

/** An inspector for one session with masks: judges as the shared one does and adds what the masks object to. */
export class SessionMasks implements Inspector, MaskKnowledge {
  readonly #shared: Inspector
  readonly #load: () => Promise<MaskCatalog>
  readonly #aliases = new Set<string>()
  #verdicts = new WeakMap<Outline, MaskVerdict>()
  #catalog: MaskCatalog
  #loadedAt = performance.now()
  #loading: Promise<MaskCatalog> | undefined
  #changesSchema = false

  constructor(shared: Inspector, load: () => Promise<MaskCatalog>, first: MaskCatalog) {
    this.#shared = shared
    this.#load = load
    this.#catalog = first
  }

  get catalog(): MaskCatalog {
    return this.#catalog
  }

  get aliases(): ReadonlySet<string> {
    return this.#aliases
  }

  inspect(text: string, refuse: readonly string[]): Inspection | Promise<Inspection> {
    const seen = this.#shared.inspect(text, refuse)
    const outline = this.#shared.outline(text)
    if (seen instanceof Promise || outline instanceof Promise)
      return Promise.all([seen, outline]).then(([inspection, read]) => this.#upToDate(inspection, read))
    return this.#upToDate(seen, outline)
  }

  outline(text: string): Outline | undefined | Promise<Outline | undefined> {
    return this.#shared.outline(text)
  }

  dissect(text: string): Promise<Dissection | undefined> {
    return this.#shared.dissect(text)
  }

  async close(): Promise<void> {
    // The shared inspector is not ours to close.
  }

  #upToDate(seen: Inspection, outline: Outline | undefined): Inspection | Promise<Inspection> {
    if (!seen.ok) return seen
    if (outline === undefined) return { ...seen, objections: [...seen.objections, UNREAD] }
    if (!seen.verbs.every(verb => KEEPS_SCHEMA.test(verb))) this.#changesSchema = true
    const oldest = this.#changesSchema || outline.copies.length > 0 ? JUST_NOW_MS : FRESH_MS
    const idle = outline.ranges.length === 0 && outline.queries.length === 0
    if (idle || performance.now() - this.#loadedAt < oldest) return this.#judged(seen, outline)
    return this.#reload().then(
      () => this.#judged(seen, outline),
      () => ({ ...seen, objections: [...seen.objections, NO_CATALOG] }),
    )
  }

  /** One at a time; whoever comes meanwhile waits for the same. */
  #reload(): Promise<MaskCatalog> {
    this.#loading ??= this.#load()
      .then(catalog => {
        this.#catalog = catalog
        this.#verdicts = new WeakMap()
        this.#loadedAt = performance.now()
        return catalog
      })
      .finally(() => {
        this.#loading = undefined
      })
    return this.#loading
  }

  #judged(seen: Inspection, outline: Outline): Inspection {
    let verdict = this.#verdicts.get(outline)
    if (verdict === undefined) {
      verdict = judgeOutline(outline, this.#catalog)
      this.#verdicts.set(outline, verdict)
    }
    const { objections, copies, aliases } = verdict
    for (const alias of aliases) this.#aliases.add(alias)
    const full = this.#aliases.size > ALIASES_AT_MOST ? [TOO_MANY] : []
    if (objections.length === 0 && copies.length === 0 && full.length === 0) return seen
    return { ...seen, objections: [...seen.objections, ...objections, ...full], copies }
  }
}
