import { createHash } from 'node:crypto'
import { StringDecoder } from 'node:string_decoder'
import type { StreamEvent } from '../../../target/action.ts'
import type { Guard } from '../../../target/protocol.ts'
import { AskedSecret } from './asked-secret.ts'
import { ClientScreen } from '../terminal/client-screen.ts'
import type { Channel } from './channel.ts'
import type { Flow } from './flow.ts'
import { readExitStatus, readOneText, readSize, type Terminal } from './session-requests.ts'

/** Input is recorded in full up to this much, beyond it by its digest: commands are typed, files are piped. */
const INPUT_BYTES = 1024 * 1024
/** Output of a terminal is recorded up to this much per program. */
const TERMINAL_BYTES = 64 * 1024 * 1024

const UNANSWERED = { code: 'unanswered', message: 'the channel ended before the program did' }

export interface ProgramOptions {
  readonly seq: number
  readonly channel: Channel
  readonly guard: Guard
  readonly terminal: Terminal | undefined
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
    i: new StringDecoder('utf8'),
    o: new StringDecoder('utf8'),
    e: new StringDecoder('utf8'),
  }
  readonly #secret = new AskedSecret()
  readonly #screen: ClientScreen | undefined
  readonly #inDigest = createHash('sha256')
  #in = 0
  #inUnrecorded = 0
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
    this.#screen =
      options.terminal &&
      new ClientScreen({
        term: options.terminal.term,
        rows: options.terminal.rows,
        send: bytes => {
          const sent = options.channel.sayNow(bytes)
          if (sent) this.#shown(bytes)
          return sent
        },
        sendLast: bytes => {
          options.channel.say(bytes, false)
          this.#shown(bytes)
        },
      })
    for (const words of options.channel.owedWords.splice(0)) this.notice(words)
  }

  fromClient(bytes: Buffer): void | Promise<void> {
    const { guard, channel, seq } = this.#options
    this.#in += bytes.length
    this.#inDigest.update(bytes)
    guard.touch()
    if (this.#in > INPUT_BYTES) {
      this.#inUnrecorded += bytes.length
      return channel.toTarget(bytes)
    }
    const text = this.#secret.typed(this.#decoders.i.write(bytes))
    const durable = guard.stream(seq, [this.#event('i', text)], 'before')
    if (durable === true) return channel.toTarget(bytes)
    if (durable === false) return undefined
    return durable.then(goesOn => {
      if (goesOn) channel.toTarget(bytes)
    })
  }

  /** What was piped in is known by its digest before the program can act on its end; what was typed may hold secrets and has none. */
  clientEof(): void | Promise<void> {
    const { guard, channel, seq, terminal } = this.#options
    if (this.#in === 0 || terminal) return channel.eofToTarget()
    const permit = guard.submit({
      kind: 'input_end',
      verbs: [],
      writes: false,
      detail: {
        of: seq,
        bytes: this.#in,
        sha256: this.#inDigest.copy().digest('hex'),
        ...(this.#inUnrecorded > 0 && { unrecorded: this.#inUnrecorded }),
      },
      durable: true,
      objections: [],
    })
    if (!(permit instanceof Promise)) return permit.forward ? channel.eofToTarget() : undefined
    return permit.then(({ forward }) => {
      if (forward) channel.eofToTarget()
    })
  }

  fromTarget(bytes: Buffer, stderr: boolean): void {
    const { channel } = this.#options
    this.#out += bytes.length
    this.#record(bytes, stderr ? 'e' : 'o')
    channel.toClient(bytes, stderr)
    this.#screen?.output(bytes)
  }

  asked(name: string, data: Buffer): void {
    if (name === 'window-change') {
      const size = readSize(data)
      this.#note('r', size)
      this.#screen?.resize(Number(size.split('x')[1]))
    } else if (name === 'signal') this.#note('m', `signal ${readOneText(data)}`)
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
    const { guard, seq, now } = this.#options
    this.#screen?.close()
    for (const code of ['i', 'o', 'e'] as const) {
      const rest = this.#decoders[code].end()
      if (rest !== '') this.#note(code, rest)
    }
    guard.finish(seq, {
      rows: 0,
      bytes: this.#out,
      ms: now() - this.#began,
      ...(this.#exit && { error: this.#exit }),
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
