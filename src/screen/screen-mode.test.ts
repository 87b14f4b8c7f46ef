import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { restore } from './restore.ts'
import { ScreenMode } from './screen-mode.ts'
import { RECORDED, recorded, Shown } from './shown.suite.ts'

const after = (output: string | Uint8Array, rows = 24): ScreenMode => {
  const mode = new ScreenMode('xterm-256color', rows)
  mode.feed(Buffer.from(output))
  return mode
}

/** Everything a mode tells. */
const told = (mode: ScreenMode) => ({
  safe: mode.safe,
  ground: mode.ground,
  fullScreen: mode.fullScreen,
  alternate: mode.alternate,
  fresh: mode.fresh,
  region: mode.region,
  modes: mode.modes,
  charsets: mode.charsets,
  keypad: mode.keypad,
  insert: mode.insert,
  rendition: mode.rendition.sequence,
  keys: mode.keys,
  keyboards: mode.keyboards,
})

/** Bytes that reach many states: control functions, their beginnings, text, noise. */
const pieces = fc.array(
  fc.oneof(
    fc.constantFrom(
      ...['\u001B[?1049h', '\u001B[?1049l', '\u001B[?1;25;1002h', '\u001B[?1l', '\u001B[5;9r', '\u001B[r'],
      ...['\u001B[31;4;48;5;9m', '\u001B[m', '\u001B[38:2::1:2:3m', '\u001B7', '\u001B8', '\u001B(0'],
      ...['\u000E', '\u000F', '\u001B[3;4H', '\u001Bc', '\u001B[!p', '\u001B]2;title\u0007'],
      ...['\u001BPq#0\u001B\\', '\r\n', '\r', 'text', 'é日本', '\u001B[4h', '\u001B[>4;2m'],
      ...['\u001B[', '\u001B', '\u001B]', '\u009B1m', '\u0018', '\u001B[2 q', '\u001B[>1u', '\u001B[<u'],
    ),
    fc.string({ maxLength: 5 }),
  ),
  { maxLength: 40 },
)

describe('the mode of a screen', () => {
  it('is the same however the output was split', () => {
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(60)), (written, cuts) => {
        const output = Buffer.from(written.join(''))
        const split = new ScreenMode('xterm', 24)
        let from = 0
        for (const cut of cuts) {
          split.feed(output.subarray(from, from + cut))
          from += cut
        }
        split.feed(output.subarray(from))
        expect(told(split)).toEqual(told(after(output)))
      }),
    )
  })

  it.each(RECORDED)('sees that %s owns the screen, and that it is gone', name => {
    const mode = new ScreenMode('xterm-256color', 24)
    let owned = false
    for (const byte of recorded(name)) {
      mode.feed(Buffer.of(byte))
      owned ||= mode.fullScreen
    }
    expect(owned).toBe(true)
    expect(told(mode)).toMatchObject({
      fullScreen: false,
      modes: new Set(),
      keypad: false,
      keys: new Set(),
      insert: false,
    })
  })

  it.each(RECORDED)('agrees with a terminal at every step of %s', async name => {
    const output = recorded(name)
    const mode = new ScreenMode('xterm-256color', 24)
    const shown = new Shown()
    for (let at = 0; at < output.length; at += 23) {
      const piece = output.subarray(at, at + 23)
      mode.feed(piece)
      await shown.write(piece)
      const state = await shown.state()
      expect({
        alternate: mode.alternate,
        cursorKeys: mode.has(1),
        keypad: mode.keypad,
        paste: mode.has(2004),
        focus: mode.has(1004),
        wrap: !mode.has(7),
      }).toEqual({
        alternate: state.alternate,
        cursorKeys: state.applicationCursorKeysMode,
        keypad: state.applicationKeypadMode,
        paste: state.bracketedPasteMode,
        focus: state.sendFocusMode,
        wrap: state.wraparoundMode,
      })
      if (mode.fresh) expect(state.x).toBe(0)
    }
  })

  it.each([
    ['\u001B[3', 'a sequence'],
    ['\u001B', 'ESC'],
    ['\u001B]2;tit', 'a title'],
    ['\u001BPabc', 'a device control string'],
    ['\u001B_x\u0007y', 'an application string, which BEL does not end'],
  ])('within %j (%s) is not between functions', output => {
    expect(after(output).safe).toBe(false)
  })

  it('is not safe within a character, whichever byte of it', () => {
    const character = Buffer.from('日')
    expect(after(character.subarray(0, 1)).safe).toBe(false)
    expect(after(character.subarray(0, 2)).safe).toBe(false)
    expect(after(character).safe).toBe(true)
  })

  it('holds back behind a character under a full-screen program until something else came, or silence', () => {
    const mode = after('\u001B[?1049hx')
    expect(mode.safe).toBe(false)
    mode.settle()
    expect(mode.safe).toBe(true)
    mode.feed(Buffer.from('y'))
    expect(mode.safe).toBe(false)
    mode.feed(Buffer.from('\u001B[1;1H'))
    expect(mode.safe).toBe(true)
  })

  it('takes cursor keys of a line editor for what they are', () => {
    expect(after('\u001B[?1h\u001B=\r\u001B[K% ls').fullScreen).toBe(false)
    expect(after('\u001B[?1h\u001B=\u001B[H\u001B[2J').fullScreen).toBe(true)
  })

  it('knows a region of the whole screen for none, by the height it has now', () => {
    expect(after('\u001B[1;24r').region).toBe(false)
    expect(after('\u001B[2;24r').region).toBe(true)
    const mode = after('\u001B[1;24r', 50)
    expect(mode.region).toBe(true)
    mode.resize(50)
    expect(mode.region).toBe(false)
  })

  it('attack 13: endless parameters, strings and modes cost nothing that stays', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const mode = after('')
    collect()
    const before = process.memoryUsage().heapUsed
    const filler = Buffer.from('9;'.repeat(32 * 1024))
    for (const start of ['\u001B[', '\u001B]', '\u001BP', '\u001B(', '\u001B[>', '\u001B[?']) {
      mode.feed(Buffer.from(start))
      for (let round = 0; round < 40; round++) mode.feed(filler)
    }
    for (let one = 0; one < 20_000; one++)
      mode.feed(Buffer.from(`\u001B[?${one}h\u001B[${one};1m\u001B[>${one};1m`))
    collect()
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20 * 1024 * 1024)
    expect(mode.modes.size).toBeLessThan(30)
    expect(mode.keys.size).toBeLessThanOrEqual(8)
    expect(mode.rendition.sequence.length).toBeLessThan(2_000)
  })
})

describe('restoring a terminal', () => {
  it('touches nothing that is as it should be', () => {
    expect(restore(after(''))).toBe('')
    expect(restore(after('$ ls\r\nfile\r\n'))).toBe('')
    expect(restore(after('$ '))).toBe('\r\n')
  })

  it('whatever was written, leaves a terminal as it was at first', async () => {
    const fresh = await new Shown().state()
    await fc.assert(
      fc.asyncProperty(pieces, async written => {
        const output = Buffer.from(written.join(''))
        const shown = new Shown()
        await shown.write(output)
        const mode = after(output)
        await shown.write(restore(mode))
        expect(await shown.state()).toEqual(fresh)
        // The whole screen scrolls.
        const numbers = Array.from({ length: 40 }, (_, number) => `line ${number}`)
        await shown.write(`${numbers.join('\r\n')}\r\n`)
        expect(await shown.lines()).toEqual([...numbers.slice(-23), ''])
        await shown.write('words')
        const lines = await shown.lines()
        expect(lines).toContain('words')
        // Shown plainly, wherever they came to stand.
        const row = lines.indexOf('words')
        const cells = (await shown.everything()).split('\n')[row] ?? ''
        expect(cells.startsWith(Array.from('words', one => `${one}|0.-1.0.-1.00000000 `).join(''))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it.each([
    ['a region of the main screen under the alternate one', '\u001B[5;9r\u001B[?1049h'],
    ['the same, while the program above has none', '\u001B[5;9r\u001B[?1049h\u001B[1;24r'],
    ['a character set behind a cursor that was never saved', '\u001B(0\u001B8\u000F'],
  ])('leaves nothing of %s', async (_what, output) => {
    const shown = new Shown()
    await shown.write(output)
    await shown.write(restore(after(output)))
    const numbers = Array.from({ length: 40 }, (_, number) => `line ${number}`)
    await shown.write(`${numbers.join('\r\n')}\r\n`)
    expect(await shown.lines()).toEqual([...numbers.slice(-23), ''])
  })

  it.each(RECORDED)('wherever %s is cut off, the terminal is usable', async name => {
    const output = recorded(name)
    const fresh = await new Shown().state()
    for (let end = 3; end < output.length; end += 61) {
      const shown = new Shown()
      const cut = output.subarray(0, end)
      await shown.write(cut)
      await shown.write(restore(after(cut)))
      expect(await shown.state(), `cut at ${end}`).toEqual(fresh)
    }
  })
})
