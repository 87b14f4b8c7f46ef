/** What a stream to a terminal consists of (ECMA-48 §5). Called in order; whoever implements it owns the meaning. */
export interface ControlFunctions {
  /** A graphic character, as a code point or one half of a surrogate pair. */
  print(code: number): void
  /** A C0 control, or DEL. */
  control(code: number): void
  /** ESC, intermediate bytes, final byte: `(`, `B`. C1 controls come as their two-byte form (§5.3). */
  escape(intermediates: string, final: string): void
  /**
   * CSI. `parameters`: as sent, a private prefix (`?`, `>`, `<`, `=`) first; `intermediates` before the final byte. One whose
   * parameters are longer than a terminal has use for is passed over.
   */
  sequence(parameters: string, intermediates: string, final: string): void
}

type State = 'ground' | 'escape' | 'sequence' | 'ignored' | 'osc' | 'string'

/** Characters of the parameters and of the intermediates of one function. */
const PARAMETERS = 256
const INTERMEDIATES = 4

/**
 * Takes control functions out of a stream that arrives in any pieces, with states as the VT500 series has them
 * (vt100.net/emu/dec_ansi_parser), UTF-8 already decoded. Holds one unfinished function of bounded length; control strings
 * (OSC, DCS, SOS, PM, APC) are passed over unread, however long.
 */
export class ControlParser {
  readonly #told: ControlFunctions
  #state: State = 'ground'
  #parameters = ''
  #intermediates = ''

  constructor(told: ControlFunctions) {
    this.#told = told
  }

  /** Between functions: what comes next stands for itself. */
  get ground(): boolean {
    return this.#state === 'ground'
  }

  /** The next code point, or UTF-16 code unit. */
  next(code: number): void {
    if (code >= 0x80 && code <= 0x9f) this.#c1(code)
    else if (code === 0x1b) this.#enter('escape')
    else if (code === 0x18 || code === 0x1a) this.#state = 'ground'
    else if (this.#state === 'ground') {
      if (code >= 0x20 && code !== 0x7f) this.#told.print(code)
      else this.#told.control(code)
    } else if (this.#state === 'osc') {
      if (code === 0x07) this.#state = 'ground'
    } else if (this.#state !== 'string') this.#within(code)
  }

  /** Within a function that is neither a string nor ground: C0 controls act at once (VT500), DEL does nothing. */
  #within(code: number): void {
    if (code < 0x20) this.#told.control(code)
    else if (code === 0x7f) return
    else if (code > 0x7f) this.#state = this.#state === 'escape' ? 'ground' : 'ignored'
    else if (this.#state === 'escape') this.#escape(code)
    else this.#sequence(code)
  }

  #escape(code: number): void {
    const character = String.fromCharCode(code)
    if (code <= 0x2f) this.#intermediates = (this.#intermediates + character).slice(0, INTERMEDIATES)
    else if (this.#intermediates === '' && STARTS[character] !== undefined) this.#enter(STARTS[character])
    else {
      this.#state = 'ground'
      this.#told.escape(this.#intermediates, character)
    }
  }

  #sequence(code: number): void {
    const character = String.fromCharCode(code)
    if (code >= 0x40) {
      const whole = this.#state === 'sequence'
      this.#state = 'ground'
      if (whole) this.#told.sequence(this.#parameters, this.#intermediates, character)
    } else if (this.#state === 'ignored') {
      return
    } else if (code <= 0x2f) {
      this.#intermediates += character
      if (this.#intermediates.length > INTERMEDIATES) this.#state = 'ignored'
    } else {
      this.#parameters += character
      // Parameters end where intermediates begin, and a prefix stands in front.
      const misplaced = code >= 0x3c && this.#parameters.length > 1
      if (this.#intermediates !== '' || misplaced || this.#parameters.length > PARAMETERS)
        this.#state = 'ignored'
    }
  }

  #c1(code: number): void {
    const character = String.fromCharCode(code - 0x40)
    const start = STARTS[character]
    if (start !== undefined) return this.#enter(start)
    this.#state = 'ground'
    this.#told.escape('', character)
  }

  #enter(state: State): void {
    this.#state = state
    this.#parameters = ''
    this.#intermediates = ''
  }
}

/** What the character behind ESC begins. */
const STARTS: Readonly<Record<string, State>> = {
  '[': 'sequence',
  ']': 'osc',
  P: 'string',
  X: 'string',
  '^': 'string',
  _: 'string',
}

/** Numeric parameters without their prefix; a missing one is undefined, sub-parameters (`4:3`) are told by their first number. */
export function numbersOf(parameters: string): readonly (number | undefined)[] {
  return parameters
    .replace(/^[<=>?]/, '')
    .split(';')
    .map(text => {
      const number = Number.parseInt(text, 10)
      return Number.isNaN(number) ? undefined : Math.min(number, 65_535)
    })
}
