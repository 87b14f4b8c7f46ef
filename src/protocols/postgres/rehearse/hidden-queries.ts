import { ByteReader } from '../../../wire/byte-reader.ts'
import {
  bind,
  closePortal,
  closeStatement,
  describeStatement,
  execute,
  flush,
  parse,
  sync,
} from '../messages/encode.ts'
import { BACKEND } from '../messages/messages.ts'
import { Request, type RequestKind, type RowSink } from '../relay/dialogue.ts'
import { FAILING_TEXT, type Forwarder } from '../relay/forwarder.ts'
import type { Cell, Row } from './table.ts'

/** A query of ours with the client's own values. */
export interface BoundQuery {
  readonly text: string
  readonly types: readonly number[]
  readonly formats: readonly number[]
  readonly values: readonly (Buffer | null)[]
}

/** No client names its statements so; not touched by DEALLOCATE of a client's own names. */
const NAME = 'breakglass rehearsal'
/** What one of our queries may give back, in bytes of values; rows beyond are dropped and counted as dropped. */
const MOST_BYTES = 4 << 20

/**
 * Queries of ours between the client's messages, in the extended protocol, so that they can stand in the middle of its
 * pipeline: `sync` where the client is idle, `flush` where a Sync of its own is still to come. The client sees nothing of
 * them but an error, which has then ended its transaction.
 */
export class HiddenQueries {
  readonly #forwarder: Forwarder

  constructor(forwarder: Forwarder) {
    this.#forwarder = forwarder
  }

  /** Rows of each query; undefined when one failed. */
  async ask(
    queries: readonly (string | BoundQuery)[],
    end: 'sync' | 'flush',
  ): Promise<readonly (readonly Row[])[] | undefined> {
    const results = queries.map(query => this.#send(query))
    return (await this.#answered(results.at(-1), end)) ? results.map(result => result.rows) : undefined
  }

  /** Types of the parameters of a statement, as the server infers them; undefined when it could not be prepared. */
  async types(
    text: string,
    known: readonly number[],
    end: 'sync' | 'flush',
  ): Promise<readonly number[] | undefined> {
    const { outlet } = this.#forwarder
    const collected = new Collector()
    this.#ask('close')
    this.#ask('parse')
    this.#ask('describe', collected)
    outlet.add(Buffer.concat([closeStatement(NAME), parse(NAME, text, known), describeStatement(NAME)]))
    return (await this.#answered(collected, end)) ? collected.types : undefined
  }

  /** Makes the transaction fail, without a word to the client. */
  async fail(end: 'sync' | 'flush'): Promise<void> {
    const collected = new Collector(true)
    this.#ask('parse', collected)
    this.#forwarder.outlet.add(parse(NAME, FAILING_TEXT))
    await this.#answered(collected, end)
  }

  #send(query: string | BoundQuery): Collector {
    const { text, types, formats, values } = typeof query === 'string' ? plain(query) : query
    const collected = new Collector()
    this.#ask('close')
    this.#ask('parse')
    this.#ask('bind')
    this.#ask('execute', collected)
    this.#ask('close')
    this.#forwarder.outlet.add(
      Buffer.concat([
        closeStatement(NAME),
        parse(NAME, text, types),
        bind(NAME, NAME, formats, values),
        execute(NAME, 0),
        closePortal(NAME),
      ]),
    )
    return collected
  }

  async #answered(last: Collector | undefined, end: 'sync' | 'flush'): Promise<boolean> {
    const { outlet } = this.#forwarder
    if (end === 'sync') this.#ask('sync')
    outlet.add(end === 'sync' ? sync() : flush())
    await this.#forwarder.quiet()
    return last === undefined || last.done
  }

  #ask(kind: RequestKind, collected?: Collector): void {
    const request = new Request(kind, NAME)
    request.hidden = true
    request.ofStatement = true
    if (collected) {
      request.rows = collected
      request.watch = collected
    }
    this.#forwarder.dialogue.ask(request)
  }
}

function plain(text: string): BoundQuery {
  return { text, types: [], formats: [], values: [] }
}

/** The rows of one query, in text format. */
class Collector implements RowSink {
  readonly rows: Row[] = []
  types: readonly number[] = []
  done = false
  #bytes = 0
  readonly #meant: boolean

  /** `meant`: an error is what is wanted, and nobody hears of it. */
  constructor(meant = false) {
    this.#meant = meant
  }

  described(tag: number, bytes: Buffer, start: number, end: number): boolean {
    const fields = new ByteReader(bytes, start, end)
    if (tag === BACKEND.parameterDescription) {
      this.types = Array.from({ length: fields.uint16() }, () => fields.uint32())
      this.done = true
    }
    return true
  }

  row(bytes: Buffer, start: number, end: number, whole: boolean): boolean {
    this.#bytes += end - start
    if (whole && this.#bytes <= MOST_BYTES) this.rows.push(cellsOf(bytes, start, end))
    return true
  }

  complete(): boolean {
    this.done = true
    return true
  }

  failed(): boolean {
    this.done = false
    return this.#meant
  }

  ready(): boolean {
    return true
  }
}

/** The body of a DataRow whose values are text. */
export function cellsOf(bytes: Buffer, start: number, end: number): Row {
  const fields = new ByteReader(bytes, start, end)
  return Array.from({ length: fields.uint16() }, (): Cell => {
    const length = fields.int32()
    return length === -1 ? null : fields.bytes(length).toString('utf8')
  })
}
