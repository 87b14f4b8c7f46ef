import { ControlParser, numbersOf } from './control-functions.ts'
import { restore } from './restore.ts'
import { ScreenMode } from './screen-mode.ts'

/**
 * Control sequences that act on the screen alone, by intermediates and final byte, without private prefix (ECMA-48 §8.3; xterm
 * ctlseqs). What answers, prints, or reaches window, title, clipboard, keyboard or mouse is not among them.
 */
const SEQUENCES = new Set([
  ...['@', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'P', 'S', 'T', 'X', 'Z'],
  ...['`', 'a', 'b', 'd', 'e', 'f', 'g', 'm', 'r', 's', 'u'],
  ...['!p', ' q', ' @', ' A', "'}", "'~"],
])
/** Modes that change how things are shown: insert, newline. */
const MODES = new Set([4, 20])
/** Private ones: reverse, origin, wrap, blinking, cursor, reverse wrap, screens, margins. */
const PRIVATE_MODES = new Set([5, 6, 7, 12, 25, 45, 47, 69, 1047, 1048, 1049])
/** Two-character functions: cursor, index, tab stop, shifts. */
const ESCAPES = new Set(['7', '8', 'D', 'E', 'H', 'M', 'N', 'O', 'n', 'o', '|', '}', '~'])
/** BS, HT, LF, VT, FF, CR, SO, SI: no BEL, no answerback (ENQ), no flow control. */
const CONTROLS = new Set([0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f])
/** Counts of repetitions, insertions and movements: more than any screen has. */
const COUNT_AT_MOST = 10_000

/**
 * Makes what somebody's programs wrote to their terminal fit for somebody else's: the same pictures, but nothing that answers into
 * their keyboard or acts outside their screen. An allow-list: functions are taken apart and written anew; control strings (titles,
 * clipboard, links, device control) are left out whole. State is bounded. Text arrives in any pieces.
 */
export class Harmless {
  readonly #mode: ScreenMode
  readonly #parser: ControlParser
  #out = ''
  /** Of the text at hand, put out before `#out`. */
  #before = ''

  constructor(term: string, rows: number) {
    this.#mode = new ScreenMode(term === 'dumb' ? '' : term, rows)
    this.#parser = new ControlParser({
      print: code => (this.#out += String.fromCharCode(code)),
      control: code => (this.#out += CONTROLS.has(code) ? String.fromCharCode(code) : ''),
      escape: (intermediates, final) => this.#escape(intermediates, final),
      sequence: (parameters, intermediates, final) => this.#sequence(parameters, intermediates, final),
    })
  }

  /** What may be written for this text. */
  text(text: string): string {
    this.#before = ''
    for (let at = 0; at < text.length; at++) this.#parser.next(text.charCodeAt(at))
    return this.#before + this.#taken()
  }

  resize(rows: number): void {
    this.#mode.resize(rows)
  }

  /** What leaves the terminal as it was before the first text. */
  end(): string {
    return restore(this.#mode)
  }

  /** What was put out since, of which the mode then knows. */
  #taken(): string {
    const out = this.#out
    this.#out = ''
    this.#mode.feed(Buffer.from(out))
    return out
  }

  #escape(intermediates: string, final: string): void {
    if (intermediates === '' && final === 'c') this.#reset()
    else if (
      intermediates === ''
        ? ESCAPES.has(final)
        : isCharset(intermediates, final) || isShape(intermediates, final)
    )
      this.#out += `\u001B${intermediates}${final}`
  }

  #sequence(parameters: string, intermediates: string, final: string): void {
    if (final === 'h' || final === 'l') this.#modes(parameters, intermediates, final)
    else if (/^[<=>?]/.test(parameters) || !SEQUENCES.has(intermediates + final)) return
    // Erasing what has scrolled away would reach beyond the recording.
    else if (final === 'J' && numbersOf(parameters).includes(3)) return
    else if (final === 'm') this.#out += `\u001B[${parameters}m`
    else {
      const counts = numbersOf(parameters).map(number =>
        number === undefined ? '' : Math.min(number, COUNT_AT_MOST),
      )
      this.#out += `\u001B[${counts.join(';')}${intermediates}${final}`
    }
  }

  #modes(parameters: string, intermediates: string, final: string): void {
    const prefix = parameters.startsWith('?') ? '?' : ''
    if (intermediates !== '' || (prefix === '' && /^[<=>]/.test(parameters))) return
    const allowed = prefix === '?' ? PRIVATE_MODES : MODES
    const modes = numbersOf(parameters).filter(mode => mode !== undefined && allowed.has(mode))
    if (modes.length > 0) this.#out += `\u001B[${prefix}${modes.join(';')}${final}`
  }

  /** RIS clears also what scrolled away, and more of the terminal than its screen: done by what it means here. */
  #reset(): void {
    this.#before += this.#taken()
    this.#out = `${restore(this.#mode)}\u001B[!p\u001B[H\u001B[2J`
    this.#before += this.#taken()
  }
}

/** Designation of a character set of 94 or 96 to G0 … G3, but not of another coding system (`ESC %`). */
function isCharset(intermediates: string, final: string): boolean {
  return /^[()*+\-./][ -/]?$/.test(intermediates) && /^[0-~]$/.test(final)
}

/** Lines of double height or width, and the alignment pattern. */
function isShape(intermediates: string, final: string): boolean {
  return intermediates === '#' && /^[34568]$/.test(final)
}
