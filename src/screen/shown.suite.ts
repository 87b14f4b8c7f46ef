import { readFileSync } from 'node:fs'
import headless from '@xterm/headless'

/** Output of real programs started from bash, 24 lines of 80, `TERM=xterm-256color`. */
export const RECORDED = ['vim', 'less', 'top', 'tmux', 'curses'] as const
export type Recorded = (typeof RECORDED)[number]

export function recorded(name: Recorded): Buffer {
  return readFileSync(new URL(`./recorded/${name}.vt`, import.meta.url))
}

/** An independent terminal (xterm.js) that tells everything it shows. */
export class Shown {
  readonly #terminal: InstanceType<typeof headless.Terminal>
  /** What it would have sent to the program: answers to questions. */
  answers = ''
  title = ''

  constructor({ cols = 80, rows = 24 } = {}) {
    this.#terminal = new headless.Terminal({
      cols,
      rows,
      allowProposedApi: true,
      scrollback: 500,
      windowOptions: { pushTitle: true, popTitle: true },
    })
    this.#terminal.onData(data => (this.answers += data))
    this.#terminal.onTitleChange(title => (this.title = title))
  }

  write(output: Uint8Array | string): Promise<void> {
    return new Promise(resolve => this.#terminal.write(output, resolve))
  }

  resize(cols: number, rows: number): void {
    this.#terminal.resize(cols, rows)
  }

  /** Every cell with its attributes, the cursor, which buffer, the modes. Equal texts: the same screen. */
  async everything(): Promise<string> {
    await this.write('')
    const { buffer, modes, rows } = this.#terminal
    const { active } = buffer
    const lines: string[] = []
    for (let row = 0; row < rows; row++) lines.push(this.#line(active.baseY + row))
    return [
      ...lines,
      `${active.type} ${active.cursorX},${active.cursorY} of ${active.baseY}`,
      JSON.stringify(modes),
    ].join('\n')
  }

  /** The lines of the screen as one reads them. */
  async lines(): Promise<readonly string[]> {
    await this.write('')
    const { active } = this.#terminal.buffer
    return Array.from({ length: this.#terminal.rows }, (_, row) =>
      (active.getLine(active.baseY + row)?.translateToString(true) ?? '').trimEnd(),
    )
  }

  async state() {
    await this.write('')
    const { active } = this.#terminal.buffer
    return { alternate: active.type === 'alternate', x: active.cursorX, ...this.#terminal.modes }
  }

  #line(y: number): string {
    const line = this.#terminal.buffer.active.getLine(y)
    if (!line) return ''
    let text = ''
    for (let x = 0; x < line.length; x++) {
      const cell = line.getCell(x)
      if (!cell) continue
      const flags = [
        cell.isBold(),
        cell.isDim(),
        cell.isItalic(),
        cell.isUnderline(),
        cell.isBlink(),
        cell.isInverse(),
        cell.isInvisible(),
        cell.isStrikethrough(),
      ].map(Number)
      text += `${cell.getChars()}|${cell.getFgColorMode()}.${cell.getFgColor()}.${cell.getBgColorMode()}.${cell.getBgColor()}.${flags.join('')} `
    }
    return text
  }
}
