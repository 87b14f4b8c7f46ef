import { ControlParser, numbersOf } from './control-functions.ts'
import { Rendition } from './rendition.ts'
import { Utf8Points } from './utf8-points.ts'

/** Private modes that are looked after; some are on in a terminal nobody has touched. */
const ON_AT_FIRST = new Set([7, 25])
const WATCHED = new Set([
  ...[1, 5, 6, 7, 25],
  ...[9, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016],
  ...[47, 1047, 1049],
  ...[2004, 2026, 2031],
])
const ALTERNATE = [47, 1047, 1049]

/** A character set as designated: what stands between ESC and its final byte, and that byte. */
interface Charsets {
  readonly g0: string
  /** Which of G0 … G3 is invoked into GL. */
  readonly shift: 0 | 1 | 2 | 3
}
const PLAIN_CHARSETS: Charsets = { g0: 'B', shift: 0 }

interface Saved {
  readonly rendition: Rendition
  readonly charsets: Charsets
}

/**
 * What a terminal's state is after the output that was fed, as far as it takes to say something of ours in between, and to leave
 * the terminal usable: never its contents. Bounded whatever is fed. Pure but for its own state.
 */
export class ScreenMode {
  readonly term: string
  readonly rendition = new Rendition()
  readonly #utf8 = new Utf8Points()
  readonly #parser: ControlParser
  readonly #point = (code: number): void => this.#parser.next(code)
  /** Watched modes that are not as at first. */
  readonly #modes = new Set<number>()
  /** Resources of modifyOtherKeys and its kind that were set (xterm: XTMODKEYS). */
  readonly #keys = new Set<number>()
  #rows: number
  #charsets = PLAIN_CHARSETS
  #saved: { main?: Saved; alternate?: Saved } = {}
  #region = false
  /** While the alternate screen is shown: the main one was left with a region, which some terminals keep for it. */
  #regionBelow = false
  /** Character sets were touched: terminals differ in what restoring a cursor makes of them. */
  #designated = false
  #keypad = false
  #insert = false
  #cursorStyle = false
  /** Depth of the stack of the kitty keyboard protocol, on the main screen. */
  #keyboards = 0
  /** The cursor was placed by its address since cursor keys became the application's. */
  #addressed = false
  #lineStart = true
  #fresh = true
  /** What was printed last may still be joined or repeated by what comes next. */
  #joinable = false

  /** `term`: as the client names its terminal (`xterm-256color`); sizes in characters. */
  constructor(term: string, rows: number) {
    this.term = term
    this.#rows = rows
    this.#parser = new ControlParser({
      print: () => this.#moved(true),
      control: code => this.#control(code),
      escape: (intermediates, final) => this.#escape(intermediates, final),
      sequence: (parameters, intermediates, final) => this.#sequence(parameters, intermediates, final),
    })
  }

  feed(output: Uint8Array): void {
    for (const byte of output) this.#utf8.next(byte, this.#point)
  }

  resize(rows: number): void {
    this.#rows = rows
    this.#region = false
    this.#regionBelow = false
  }

  /** Nothing was written for a while, so nothing will join what was printed last. */
  settle(): void {
    this.#joinable = false
  }

  /**
   * Something of ours may come here: not within a control function or a character, and under a full-screen program not behind a
   * character that a combining mark or a repetition (REP) may follow.
   */
  get safe(): boolean {
    return this.#parser.ground && !this.#utf8.unfinished && !(this.#joinable && this.fullScreen)
  }

  /** Neither within a control function nor within a character. */
  get ground(): boolean {
    return this.#parser.ground && !this.#utf8.unfinished
  }

  /**
   * A program owns the screen: the alternate one, or a part of it that scrolls for itself, or one on which it places the cursor
   * by address while cursor keys are its own, as top does.
   */
  get fullScreen(): boolean {
    return this.alternate || this.#region || (this.has(1) && this.#addressed)
  }

  get alternate(): boolean {
    return ALTERNATE.some(mode => this.has(mode))
  }

  /** Whether a watched private mode is other than at first. */
  has(mode: number): boolean {
    return this.#modes.has(mode)
  }

  /** The cursor is at the start of a line on which nothing was written. */
  get fresh(): boolean {
    return this.#fresh
  }

  /** Lines scroll within a part of the screen. */
  get region(): boolean {
    return this.#region
  }

  /** The main screen may have such a part while the alternate one is shown. */
  get regionBelow(): boolean {
    return this.#regionBelow
  }

  get modes(): ReadonlySet<number> {
    return this.#modes
  }

  get charsets(): Charsets {
    return this.#charsets
  }

  /** Character sets are, or after a restored cursor may be, other than at first. */
  get designated(): boolean {
    return this.#designated
  }

  get keypad(): boolean {
    return this.#keypad
  }

  get insert(): boolean {
    return this.#insert
  }

  get cursorStyle(): boolean {
    return this.#cursorStyle
  }

  get keys(): ReadonlySet<number> {
    return this.#keys
  }

  get keyboards(): number {
    return this.#keyboards
  }

  /** The cursor is no longer where a line was fresh. */
  #moved(printed: boolean): void {
    this.#joinable = printed
    this.#fresh = false
    this.#lineStart = false
  }

  #control(code: number): void {
    this.#joinable = false
    if (code === 0x0d) this.#lineStart = true
    else if (code >= 0x0a && code <= 0x0c) this.#fresh = this.#lineStart
    else if (code === 0x08 || code === 0x09) this.#moved(false)
    else if (code === 0x0e) this.#shift(1)
    else if (code === 0x0f) this.#shift(0)
  }

  #escape(intermediates: string, final: string): void {
    this.#joinable = false
    if (intermediates.startsWith('(')) this.#designate(intermediates.slice(1) + final)
    else if (intermediates === '#') this.#moved(false)
    else if (intermediates === '') this.#plainEscape(final)
  }

  #plainEscape(final: string): void {
    if (final === 'c') this.#reset()
    else if (final === '7') this.#save()
    else if (final === '8') this.#restore()
    else if (final === '=') this.#keypad = true
    else if (final === '>') this.#keypad = false
    else if (final === 'n' || final === 'o') this.#shift(final === 'n' ? 2 : 3)
    else if (final === 'D') this.#fresh = this.#lineStart
    else if (final === 'E') {
      this.#fresh = true
      this.#lineStart = true
    } else if (final === 'M') this.#moved(false)
  }

  #designate(g0: string): void {
    this.#charsets = { ...this.#charsets, g0 }
    this.#designated ||= g0 !== PLAIN_CHARSETS.g0
  }

  #shift(shift: Charsets['shift']): void {
    this.#charsets = { ...this.#charsets, shift }
    this.#designated ||= shift !== 0
  }

  #sequence(parameters: string, intermediates: string, final: string): void {
    this.#joinable = false
    const prefix = /^[<=>?]/.exec(parameters)?.[0] ?? ''
    const act = ACTS[`${prefix}${intermediates}${final}`]
    if (act === 'rendition') this.rendition.apply(parameters)
    else if (act === 'set' || act === 'reset') this.#set(parameters, act === 'set')
    else if (act === 'insert') this.#insert = insertOf(parameters, final, this.#insert)
    else if (act === 'region') this.#scroll(parameters)
    else if (act === 'save') this.#save()
    else if (act === 'restore') this.#restore()
    else if (act === 'soft reset') this.#soft()
    else if (act === 'style') this.#cursorStyle = (numbersOf(parameters)[0] ?? 0) !== 0
    else if (act === 'keys') this.#modifyKeys(parameters)
    else if (act === 'push keyboard') this.#keyboards = Math.min(this.#keyboards + 1, 64)
    else if (act === 'pop keyboard')
      this.#keyboards = Math.max(0, this.#keyboards - (numbersOf(parameters)[0] ?? 1))
    else if (act === undefined) this.#moved(false)
    if (final === 'H' || final === 'f' || final === 'd') this.#addressed ||= this.has(1)
  }

  #set(parameters: string, on: boolean): void {
    for (const mode of numbersOf(parameters)) {
      if (mode === undefined || !WATCHED.has(mode)) continue
      if (ALTERNATE.includes(mode)) this.#switch(mode, on)
      else if (on === ON_AT_FIRST.has(mode)) this.#modes.delete(mode)
      else this.#modes.add(mode)
      if (mode === 6) this.#moved(false)
      if (mode === 1) this.#addressed = false
    }
  }

  #switch(mode: number, on: boolean): void {
    if (mode === 1049 && on && !this.alternate) this.#save()
    if (on && !this.alternate) this.#regionBelow = this.#region
    for (const one of ALTERNATE) this.#modes.delete(one)
    if (on) this.#modes.add(mode)
    else {
      if (mode === 1049) this.#restore()
      this.#region ||= this.#regionBelow
      this.#regionBelow = false
    }
    this.#moved(false)
  }

  #scroll(parameters: string): void {
    const [top = 1, bottom = 0] = numbersOf(parameters)
    const whole = top <= 1 && (bottom === 0 || bottom >= this.#rows)
    this.#region = !whole
    this.#moved(false)
  }

  #modifyKeys(parameters: string): void {
    const [resource, value] = numbersOf(parameters)
    if (resource === undefined || resource > 7) return
    if (value === undefined) this.#keys.delete(resource)
    else this.#keys.add(resource)
  }

  #save(): void {
    const saved = { rendition: this.rendition.copy(), charsets: this.#charsets }
    if (this.alternate) this.#saved.alternate = saved
    else this.#saved.main = saved
  }

  #restore(): void {
    const saved = this.alternate ? this.#saved.alternate : this.#saved.main
    this.rendition.become(saved?.rendition)
    this.#charsets = saved?.charsets ?? PLAIN_CHARSETS
    this.#moved(false)
  }

  /** DECSTR. */
  #soft(): void {
    for (const mode of [1, 6, 7, 25]) this.#modes.delete(mode)
    this.rendition.become(undefined)
    this.#charsets = PLAIN_CHARSETS
    this.#saved = {}
    this.#region = false
    this.#keypad = false
    this.#insert = false
    this.#addressed = false
  }

  /** RIS. */
  #reset(): void {
    this.#soft()
    this.#modes.clear()
    this.#keys.clear()
    this.#keyboards = 0
    this.#cursorStyle = false
    this.#regionBelow = false
    this.#designated = false
    this.#fresh = true
    this.#lineStart = true
  }
}

function insertOf(parameters: string, final: string, before: boolean): boolean {
  return numbersOf(parameters).includes(4) ? final === 'h' : before
}

/** Sequences that mean something here, by prefix, intermediates and final; `still`: the cursor stays where it is. */
const ACTS: Readonly<Record<string, string>> = {
  m: 'rendition',
  '?h': 'set',
  '?l': 'reset',
  h: 'insert',
  l: 'insert',
  r: 'region',
  s: 'save',
  u: 'restore',
  '!p': 'soft reset',
  ' q': 'style',
  '>m': 'keys',
  '>u': 'push keyboard',
  '<u': 'pop keyboard',
  ...Object.fromEntries(
    [
      'K',
      'J',
      'X',
      'c',
      '>c',
      '=c',
      'n',
      '?n',
      't',
      '>t',
      'g',
      '$p',
      '?$p',
      '>q',
      '?u',
      '=u',
      '?s',
      '?r',
    ].map(still => [still, 'still']),
  ),
}
