import type { Action, Objection } from '../../../target/action.ts'
import type { Outlet } from '../../../wire/outlet.ts'
import { bindValues } from './bind-values.ts'
import {
  decodeBind,
  decodeExecute,
  decodeNamed,
  decodeParse,
  decodeParseTypes,
  type BindFields,
  type NameKey,
} from '../messages/decode.ts'
import { Request } from './dialogue.ts'
import { describePortal, execute, flush } from '../messages/encode.ts'
import { textAction, withExecuted } from './executed.ts'
import type { Forwarder } from './forwarder.ts'
import type { Inspection, Inspector } from '../inspect/inspector.ts'
import { FRONTEND } from '../messages/messages.ts'
import { MOST_NAMES, NOT_UTF8, TOO_MANY_NAMES, UNKNOWN_STATEMENT } from '../inspect/objections.ts'
import type { BoundQuery } from '../rehearse/hidden-queries.ts'
import type { Rehearsals } from '../rehearse/rehearsals.ts'
import { either, type Definition, type Does, united } from './statements.ts'
import { isLimited, LimitedExecute, limitOf } from './write-limit.ts'

/** What a portal runs, as of what was sent; the Bind's tally counts for its rows. */
interface Portal {
  readonly inspection: Does
  readonly bind: Request
  /** Kept only where writes are rehearsed. */
  readonly bound?: BoundQuery
  /** Syncs and queries sent before it. */
  readonly segment: number
}

const FETCH: Action = { kind: 'execute', verbs: ['fetch'], writes: false, objections: [] }

/** The extended protocol: Parse and Bind are actions, Describe, Execute and Close follow from them. */
export class ExtendedAsks {
  readonly #forwarder: Forwarder
  readonly #inspector: Inspector
  readonly #toClient: Outlet
  readonly #portals = new Map<NameKey, Portal>()
  readonly #rehearsals: Rehearsals | undefined

  constructor(forwarder: Forwarder, inspector: Inspector, toClient: Outlet, rehearsals?: Rehearsals) {
    this.#rehearsals = rehearsals
    this.#forwarder = forwarder
    this.#inspector = inspector
    this.#toClient = toClient
  }

  parse(): Promise<void> | undefined {
    const { reader, guard } = this.#forwarder
    const { name, text } = decodeParse(reader.bytes, reader.start + 5, reader.end)
    if (text === undefined) return this.#judged(name, '', NOT_UTF8, undefined)
    const types = this.#rehearsals && decodeParseTypes(reader.bytes, reader.start + 5, reader.end)
    const seen = this.#inspector.inspect(text, guard.rules.refuse)
    if (!(seen instanceof Promise)) return this.#judged(name, text, seen, types)
    return seen.then(inspection => this.#judged(name, text, inspection, types))
  }

  #judged(name: NameKey, text: string, seen: Inspection, types: readonly number[] | undefined): undefined {
    const { statements } = this.#forwarder
    let judged = withExecuted(seen, statements)
    if (statements.size >= MOST_NAMES)
      judged = { ...judged, objections: [...judged.objections, TOO_MANY_NAMES] }
    const request = new Request('parse', name)
    request.definition = { seq: 0, inspection: judged, text, ...(types && { types }) }
    if (seen.syntax) request.trial = text
    statements.asked(name, request.definition)
    this.#forwarder.act(request, textAction('parse', judged, text))
  }

  bind(): undefined {
    const { reader, guard, statements } = this.#forwarder
    const { bindValues: wanted } = guard.rules
    const withValues = wanted || this.#rehearsals !== undefined
    const fields = decodeBind(reader.bytes, reader.start + 5, reader.end, withValues)
    const found = statements.find(fields.statement)
    const objections = found.length === 0 ? [UNKNOWN_STATEMENT] : NO_OBJECTIONS
    const full = this.#full()
    const said = bindAction(found, full ? [...objections, TOO_MANY_NAMES] : objections)
    const request = new Request('bind', fields.portal)
    request.formats = fields.resultFormats
    if (!full && objections.length === 0) {
      this.#remember(request, united(found), this.#rehearsals && boundQuery(found, fields))
    }
    this.#forwarder.act(request, wanted ? { ...said, values: bindValues(fields) } : said)
    this.#describe(fields.portal)
  }

  /** A name that may still be taken makes the target refuse this Bind, and then means what it meant before: or either. */
  #remember(bind: Request, seen: Does, bound: BoundQuery | undefined): void {
    const before = this.#portals.get(bind.name)
    const taken = bind.name !== '' && before !== undefined && before.bind.portal !== 'gone'
    const inspection = taken ? either([before.inspection, seen]) : seen
    const { segment } = this.#forwarder.statements
    this.#portals.set(bind.name, { inspection, bind, segment, ...(bound && !taken && { bound }) })
  }

  /** True when a write under a limit was begun: what follows is held until it is answered. A promise: it is being rehearsed. */
  execute(): boolean | Promise<void> {
    const forwarder = this.#forwarder
    const { reader, guard } = forwarder
    const { portal, maxRows } = decodeExecute(reader.bytes, reader.start + 5, reader.end)
    const request = new Request('execute', portal)
    const known = this.#portals.get(portal)
    request.copyIn = known?.inspection.copy === 'in'
    request.copies = known?.inspection.copies
    const recorded = known !== undefined && this.#covers(known)
    if (known !== undefined && this.#rehearsals?.concerns(known.inspection)) {
      return recorded ? this.#rehearse(request, known) : this.#rehearseOnceTold(request, known)
    }
    // What SQL made instead has not been described.
    if (!recorded) this.#describe(portal)
    if (known === undefined || guard.rules.writesPerStatement === undefined || !isLimited(known.inspection)) {
      if (recorded) forwarder.pass(request)
      else forwarder.act(request, FETCH)
      return false
    }
    // All rows at once: a portal read in parts says only at its end how many rows it changed.
    const whole = Buffer.concat([maxRows === 0 ? forwarder.view() : execute(portal, 0), flush()])
    request.watch = new LimitedExecute(limitOf(forwarder, this.#toClient, known.bind))
    if (recorded) forwarder.pass(request, whole)
    else forwarder.act(request, FETCH, whole)
    return true
  }

  /** Masks need to know what a portal gives, also when the client does not ask: the answer of this is for us alone. */
  #describe(portal: NameKey): void {
    const forwarder = this.#forwarder
    if (forwarder.guard.rules.mask.length === 0 || forwarder.refused) return
    const request = new Request('describe', portal)
    request.hidden = true
    forwarder.pass(request, describePortal(portal))
  }

  #rehearse(request: Request, { inspection, bound, bind }: Portal): Promise<void> | boolean {
    const view = this.#forwarder.view()
    return this.#rehearsals?.execute({ request, view, inspection, bound, bind }) ?? false
  }

  /** Whether the portal is still the Bind's only the target can say: it is asked for all it owes first. */
  async #rehearseOnceTold(request: Request, known: Portal): Promise<void> {
    const forwarder = this.#forwarder
    await forwarder.order.release()
    forwarder.send(undefined, flush())
    await forwarder.quiet()
    if (this.#covers(known)) return void (await this.#rehearse(request, known))
    this.#describe(request.name)
    forwarder.act(request, FETCH)
  }

  /**
   * Whether an Execute runs what this Bind was recorded for. SQL makes portals too (DECLARE, functions that open cursors): what
   * they run was judged there, that it runs now is an action of its own. Only between two Syncs is it certain beforehand
   * that a Bind succeeds or its Execute is skipped; after that the target has to have said that the portal is there.
   */
  #covers({ bind, segment }: Portal): boolean {
    return (
      bind.portal === 'open' || (bind.portal === 'asked' && segment === this.#forwarder.statements.segment)
    )
  }

  /** The portals of finished transactions count no more. */
  #full(): boolean {
    if (this.#portals.size < MOST_NAMES) return false
    for (const [name, { bind }] of this.#portals) if (bind.portal === 'gone') this.#portals.delete(name)
    return this.#portals.size >= MOST_NAMES
  }

  /** Describe and Close. */
  named(tag: number): undefined {
    const { reader } = this.#forwarder
    const { kind, name } = decodeNamed(reader.bytes, reader.start + 5, reader.end)
    const request = new Request(tag === FRONTEND.close ? 'close' : 'describe', name)
    request.ofStatement = kind === 'S'
    if (request.kind === 'close' && !request.ofStatement) this.#portals.delete(name)
    this.#forwarder.pass(request)
  }
}

/** A statement with its values, for queries of ours about it. */
function boundQuery(found: readonly Definition[], fields: BindFields): BoundQuery | undefined {
  const [only, another] = found
  if (only === undefined || another !== undefined) return undefined
  return { text: only.text, types: only.types ?? [], formats: fields.formats, values: fields.values }
}

const NO_OBJECTIONS: readonly Objection[] = []

/** Longest text repeated with each Bind; the Parse it names has the whole. */
const SHOWN_TEXT = 1000

function bindAction(found: readonly Definition[], objections: readonly Objection[]): Action {
  const { verbs, writes, touched } = united(found)
  const [first] = found
  if (first === undefined) return { kind: 'bind', verbs, writes, objections }
  const one = found.length === 1
  const text = one
    ? first.text.slice(0, SHOWN_TEXT)
    : found.map(each => each.text.slice(0, SHOWN_TEXT)).join('\n-- or\n')
  const parsed = one ? String(first.seq) : found.map(each => each.seq).join(',')
  const detail = first.seq > 0 ? { parse: parsed } : {}
  return { kind: 'bind', verbs, writes, ...(touched && { touched }), objections, text, detail }
}
