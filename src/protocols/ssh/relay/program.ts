import { StringDecoder } from 'node:string_decoder'
import type { StreamEvent } from '../../../target/action.ts'
import type { Guard } from '../../../target/protocol.ts'
import { takesCommands } from '../inspect/takes-commands.ts'
import { ClientScreen } from '../terminal/client-screen.ts'
import { AskedSecret } from './asked-secret.ts'
import type { Channel } from './channel.ts'
import type { Flow } from './flow.ts'
import { RecordedInput } from './recorded-input.ts'
import {
  readBreak,
  readExitStatus,
  readOneText,
  readSize,
  type Terminal,
  textOfSize,
} from './session-requests.ts'

/** Output of a terminal is recorded up to this much per program. */
const TERMINAL_BYTES = 64 * 1024 * 1024

const UNANSWERED = { code: 'unanswered', message: 'the channel ended before the program did' }

export interface ProgramOptions {
  readonly seq: number
  readonly channel: Channel
  readonly guard: Guard
  readonly terminal: Terminal | undefined
  /** The command line; undefined: a shell. */
  readonly command: string | undefined
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/**
 * A program that runs, with or without a terminal. What goes in is recorded before it goes in; what comes out is recorded as it passes.
 */
export class Program implements Flow {
  readonly #options: ProgramOptions
  readonly #began: number
  readonly #decoders = {
    o: new StringDecoder('utf8'),
    e: new StringDecoder('utf8'),
  }
  readonly #secret = new AskedSecret()
  readonly #screen: ClientScreen | undefined
  readonly #input: RecordedInput
  /** Size and digest of the input are on record. */
  #inputTold = false
  #out = 0
  #recorded = 0
  readonly #most: number
  #cut = false
  /** Undefined: it ended well. Until the target says so nobody knows. */
  #exit: { readonly code: string; readonly message: string } | undefined = UNANSWERED

  constructor(options: ProgramOptions) {
    this.#options = options
    this.#began = options.now()
    this.#most = options.terminal ? TERMINAL_BYTES : options.guard.rules.resultBytes
    const { terminal, command } = options
    // Without a terminal a file may be piped in, by a command that surely takes it for one.
    this.#input = new RecordedInput({
      whole: () => terminal !== undefined || command === undefined || takesCommands(command),
      shownAs: text => this.#secret.typed(text),
    })
    this.#screen =
      options.terminal &&
      new ClientScreen({
        term: options.terminal.term,
        rows: options.terminal.rows,
        send: bytes => {
          const { mute } = options.channel
          const sent = options.channel.sayNow(bytes)
          if (sent && !mute) this.#shown(bytes)
          return sent
        },
        sendLast: bytes => {
          if (options.channel.mute) return
          options.channel.say(bytes, false)
          this.#shown(bytes)
        },
      })
    for (const words of options.channel.owedWords.splice(0)) this.notice(words)
  }

  fromClient(bytes: Buffer): void | Promise<void> {
    const { guard, seq } = this.#options
    guard.touch()
    const events = this.#input.came(bytes).map(([code, text]) => this.#event(code, text))
    const durable = events.length === 0 || guard.stream(seq, events, 'before')
    if (durable === true) return this.#goesIn(bytes)
    if (durable === false) return undefined
    return durable.then(goesOn => {
      if (goesOn) this.#goesIn(bytes)
    })
  }

  #goesIn(bytes: Buffer): void {
    this.#input.passed(bytes)
    this.#options.channel.toTarget(bytes)
  }

  /** What was piped in is known by its digest before the program can act on its end; what was typed may hold secrets and has none. */
  clientEof(): void | Promise<void> {
    const { guard, channel, seq, terminal } = this.#options
    const facts = terminal ? undefined : this.#input.facts()
    if (!facts) return channel.eofToTarget()
    const permit = guard.submit({
      kind: 'input_end',
      verbs: [],
      writes: false,
      detail: { of: seq, ...facts },
      durable: true,
      objections: [],
    })
    const ends = ({ forward }: { readonly forward: boolean }): void => {
      if (!forward) return
      this.#inputTold = true
      channel.eofToTarget()
    }
    return permit instanceof Promise ? permit.then(ends) : ends(permit)
  }

  fromTarget(bytes: Buffer, stderr: boolean): void {
    const { channel } = this.#options
    this.#out += bytes.length
    this.#record(bytes, stderr ? 'e' : 'o')
    channel.toClient(bytes, stderr)
    this.#screen?.output(bytes)
  }

  asked(name: string, data: Buffer): boolean | Promise<boolean> {
    const { guard, seq } = this.#options
    switch (name) {
      case 'window-change': {
        const size = readSize(data)
        this.#note('r', textOfSize(size))
        this.#screen?.resize(size.rows)
        return true
      }
      case 'signal':
        return guard.stream(seq, [this.#event('m', `signal ${readOneText(data).slice(0, 60)}`)], 'before')
      case 'break':
        return guard.stream(seq, [this.#event('m', `break of ${readBreak(data)} ms`)], 'before')
      default:
        return true
    }
  }

  told(name: string, data: Buffer): void {
    if (name === 'exit-status') {
      const status = readExitStatus(data)
      this.#note('x', String(status))
      this.#exit = status === 0 ? undefined : { code: `exit_${status}`, message: `exit status ${status}` }
    } else if (name === 'exit-signal') {
      const signal = readOneText(data)
      this.#note('x', `SIG${signal}`)
      this.#exit = { code: 'signal', message: `ended by SIG${signal}` }
    }
  }

  notice(text: string): void {
    this.#note('m', text)
    if (this.#screen) this.#screen.notice(text)
    else this.#options.channel.say(Buffer.from(`${text}\n`), true)
  }

  farewell(text: string): boolean {
    this.#note('m', text)
    if (this.#screen) this.#screen.farewell(text)
    else this.#options.channel.say(Buffer.from(`${text}\n`), true)
    return this.#options.channel.saidAll
  }

  closed(): void {
    const { guard, seq, now, terminal } = this.#options
    this.#screen?.close()
    const rests = [
      ['i', this.#input.rest()],
      ['o', this.#decoders.o.end()],
      ['e', this.#decoders.e.end()],
    ] as const
    for (const [code, rest] of rests) if (rest !== '') this.#note(code, rest)
    const facts = terminal || this.#inputTold ? undefined : this.#input.facts()
    guard.finish(seq, {
      rows: 0,
      bytes: this.#out,
      ms: now() - this.#began,
      ...(this.#exit && { error: this.#exit }),
      ...(facts && { detail: facts }),
      cut: this.#cut,
    })
  }

  #record(bytes: Buffer, code: 'o' | 'e'): void {
    const room = this.#most - this.#recorded
    if (room <= 0) {
      if (!this.#cut) this.#note('m', `output beyond ${this.#most} bytes is not recorded`)
      this.#cut = true
      return
    }
    const part = bytes.length <= room ? bytes : bytes.subarray(0, room)
    this.#recorded += part.length
    const text = this.#decoders[code].write(part)
    if (text === '') return
    if (this.#options.terminal) this.#secret.shown(text)
    this.#note(code, text)
  }

  /** Words of ours: the recording shows what the terminal showed. */
  #shown(bytes: Buffer): void {
    this.#note('o', bytes.toString())
  }

  #note(code: StreamEvent[1], text: string): void {
    this.#options.guard.stream(this.#options.seq, [this.#event(code, text)])
  }

  #event(code: StreamEvent[1], text: string): StreamEvent {
    return [Math.round(this.#options.now() - this.#began), code, text]
  }
}
