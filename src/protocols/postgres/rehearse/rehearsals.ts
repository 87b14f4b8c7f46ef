import type { RehearsalRules } from '../../../target/action.ts'
import type { Outlet } from '../../../wire/outlet.ts'
import type { Inspection, Inspector } from '../inspect/inspector.ts'
import type { Forwarder } from '../relay/forwarder.ts'
import { Decisions } from './decisions.ts'
import { ExtendedRehearsals, type AskedExecute } from './extended.ts'
import { HiddenQueries } from './hidden-queries.ts'
import { coveredBy } from './covered.ts'
import type { Stage } from './one-write.ts'
import { SimpleRehearsals, type Asked } from './simple.ts'

export interface RehearsalsOptions {
  readonly forwarder: Forwarder
  readonly inspector: Inspector
  readonly toClient: Outlet
  readonly rules: RehearsalRules
  /** Cancels what runs at the target. */
  readonly cancel: () => void
}

/** Rehearsed writes of one session (REHEARSE.md). Exists only where the procedure asks for it. */
export class Rehearsals {
  readonly #decisions: Decisions
  readonly #simple: SimpleRehearsals
  readonly #extended: ExtendedRehearsals

  constructor({ forwarder, inspector, toClient, rules, cancel }: RehearsalsOptions) {
    this.#decisions = new Decisions({ forwarder, toClient, rules, cancel })
    const hidden = new HiddenQueries(forwarder)
    const covered = coveredBy(forwarder.guard.rules.mask)
    const stage: Stage = { forwarder, toClient, hidden, decisions: this.#decisions, rules, covered }
    this.#simple = new SimpleRehearsals(stage, inspector)
    this.#extended = new ExtendedRehearsals(stage, inspector)
  }

  /** A chunk came from the client whose sender may have read what we have shown so far. */
  heard(): void {
    this.#decisions.heard()
  }

  /** Whether a simple query or an Execute goes this way. */
  concerns(seen: Pick<Inspection, 'writes' | 'transactionControl'>): boolean {
    return seen.writes || seen.transactionControl || this.#decisions.waiting
  }

  /** Resolves `true` when COPY data must pass before the rest. */
  query(asked: Asked): Promise<boolean> {
    return this.#decisions.inTurn(() => this.#simple.query(asked))
  }

  execute(asked: AskedExecute): Promise<void> {
    return this.#decisions.inTurn(() => this.#extended.execute(asked))
  }

  /** The client sent Sync. */
  synced(): void {
    this.#extended.synced()
  }

  /** A COPY that was begun is over. */
  copied(): Promise<void> {
    return this.#simple.copied()
  }

  abandon(): void {
    this.#decisions.abandon()
  }
}
