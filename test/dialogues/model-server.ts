import type { Duplex } from 'node:stream'
import { frame, frames, type Frame } from './frames.ts'
import type { Random } from './random.ts'

type Copying = 'no' | 'in a query' | 'in an execute'

const REFUSED = 'breakglass refused this statement'

/**
 * A server as the documentation's "Message Flow" has it, for messages that no real client sends: answers in order, fails
 * sometimes, skips to the next Sync after an error in the extended protocol. Every row it gives carries `mark`.
 */
export class ModelServer {
  readonly #stream: Duplex
  readonly #random: Random
  readonly #mark: string
  readonly #seen: (frame: Frame) => void
  #rest: Buffer = Buffer.alloc(0)
  #skipping = false
  #copying: Copying = 'no'
  #status = 'I'

  constructor(stream: Duplex, random: Random, mark: string, seen: (frame: Frame) => void) {
    this.#stream = stream
    this.#random = random
    this.#mark = mark
    this.#seen = seen
  }

  serve(): void {
    this.#stream.on('data', (chunk: Buffer) => this.#take(chunk))
  }

  #take(chunk: Buffer): void {
    const { whole, rest } = frames(Buffer.concat([this.#rest, chunk]))
    this.#rest = rest
    const answers: Buffer[] = []
    for (const each of whole) {
      this.#seen(each)
      if (this.#random.once(30)) answers.push(this.#aside())
      answers.push(...this.#answer(each))
    }
    if (answers.length > 0 && this.#stream.writable) this.#stream.write(Buffer.concat(answers))
  }

  #answer({ tag, bytes }: Frame): readonly Buffer[] {
    if (this.#copying !== 'no') return this.#copyIn(tag)
    if (tag === 'X') {
      this.#stream.end()
      return []
    }
    if (tag === 'S') {
      this.#skipping = false
      return [this.#ready()]
    }
    if (this.#skipping || 'HdcfX'.includes(tag)) return []
    const text = bytes.toString('latin1', 5)
    if (tag === 'Q') return this.#query(text)
    if (tag === 'F') return [frame('V', Buffer.from([0, 0, 0, 1, 0x31])), this.#ready()]
    if (text.includes(REFUSED) || this.#random.once(9)) return this.#fail()
    if (tag === 'P') return [frame('1')]
    if (tag === 'B') return [frame('2')]
    if (tag === 'C') return [frame('3')]
    if (tag === 'D')
      return bytes[5] === 0x53
        ? [frame('t', Buffer.alloc(2)), this.#columns()]
        : [this.#random.once(3) ? frame('n') : this.#columns()]
    if (tag === 'E') return this.#execute()
    return this.#fail()
  }

  #query(text: string): readonly Buffer[] {
    if (text.includes(REFUSED) || this.#random.once(9)) return [this.#error(), this.#ready()]
    if (/copy[^;]*from stdin/is.test(text)) {
      this.#copying = 'in a query'
      return [frame('G', Buffer.from([0, 0, 0]))]
    }
    if (/copy[^;]*to stdout/is.test(text))
      return [
        frame('H', Buffer.from([0, 0, 0])),
        ...this.#rows('d'),
        frame('c'),
        done('COPY 2'),
        this.#ready(),
      ]
    if (/^\s*begin/i.test(text)) this.#status = 'T'
    if (/^\s*(commit|rollback|end)\b/i.test(text)) this.#status = 'I'
    if (text === '\0') return [frame('I'), this.#ready()]
    return [this.#columns(), ...this.#rows('D'), done('SELECT 2'), this.#ready()]
  }

  #execute(): readonly Buffer[] {
    if (this.#random.once(5)) return [...this.#rows('D'), frame('s')]
    return [
      ...this.#rows('D'),
      done(this.#random.pick(['SELECT 2', 'INSERT 0 2', 'DEALLOCATE ALL', 'DELETE 2'])),
    ]
  }

  #copyIn(tag: string): readonly Buffer[] {
    if ('dHS'.includes(tag)) return []
    const simple = this.#copying === 'in a query'
    this.#copying = 'no'
    const answer = tag === 'c' ? done('COPY 2') : this.#error()
    if (simple) return [answer, this.#ready()]
    this.#skipping = tag !== 'c'
    return [answer]
  }

  #rows(tag: 'D' | 'd'): readonly Buffer[] {
    const value = Buffer.from(this.#mark)
    const cell = Buffer.alloc(6)
    cell.writeInt16BE(1)
    cell.writeInt32BE(value.length, 2)
    const row = tag === 'D' ? frame('D', Buffer.concat([cell, value])) : frame('d', value)
    return Array.from({ length: this.#random.below(3) }, () => row)
  }

  /** One column of text named by the mark. */
  #columns(): Buffer {
    const count = Buffer.from([0, 1])
    return frame('T', Buffer.concat([count, Buffer.from(`${this.#mark}\0`), Buffer.alloc(18)]))
  }

  /** What may come at any time. */
  #aside(): Buffer {
    return this.#random.pick([
      frame('N', Buffer.from('SNOTICE\0VNOTICE\0C00000\0Mhear\0\0')),
      frame('A', Buffer.concat([Buffer.alloc(4), Buffer.from('paper\0letter\0')])),
      frame('S', Buffer.from('application_name\0x\0')),
    ])
  }

  #fail(): readonly Buffer[] {
    this.#skipping = true
    return [this.#error()]
  }

  #error(): Buffer {
    if (this.#status === 'T') this.#status = 'E'
    return frame('E', Buffer.from('SERROR\0VERROR\0C22012\0Mdivision by zero\0\0'))
  }

  #ready(): Buffer {
    return frame('Z', Buffer.from(this.#status))
  }
}

function done(tag: string): Buffer {
  return frame('C', Buffer.from(`${tag}\0`))
}
