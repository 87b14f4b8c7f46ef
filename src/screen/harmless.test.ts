import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Harmless } from './harmless.ts'
import { RECORDED, recorded, Shown } from './shown.suite.ts'

const once = (text: string): string => new Harmless('xterm-256color', 24).text(text)

describe('what is written to the terminal of somebody else', () => {
  it.each([
    ['the clipboard', '\u001B]52;c;cm0gLXJmIC8=\u0007'],
    ['the clipboard, ended by ST', '\u001B]52;c;?\u001B\\'],
    ['a title', '\u001B]0;evil\u0007'],
    ['a title report', '\u001B[21t'],
    ['window operations', '\u001B[8;100;300t'],
    ['a link', '\u001B]8;;https://evil.example\u0007\u001B]8;;\u0007'],
    ['a file transfer', '\u001B]1337;File=name=eA==;inline=0:AAAA\u0007'],
    ['DA1, DA2, DA3', '\u001B[c\u001B[0c\u001B[>c\u001B[=c'],
    ['DECID', '\u001BZ'],
    ['DSR and the cursor report', '\u001B[5n\u001B[6n\u001B[?6n'],
    ['DECRQSS', '\u001BP$q"p\u001B\\'],
    ['DECRQM', '\u001B[?2004$p\u001B[4$p'],
    ['XTVERSION', '\u001B[>q'],
    ['XTGETTCAP', '\u001BP+q544e\u001B\\'],
    ['a checksum report', '\u001B[1;1;1;1;1;1*y'],
    ['DECREQTPARM', '\u001B[x'],
    ['colour questions', '\u001B]10;?\u0007\u001B]4;1;?\u0007'],
    ['answerback', '\u0005'],
    ['printing', '\u001B[5i\u001B[?5i\u001B[0i'],
    ['the bell', '\u0007'],
    ['reports of mouse, focus and paste', '\u001B[?1000h\u001B[?1003;1006h\u001B[?1004h\u001B[?2004h'],
    ['keys', '\u001B[?1h\u001B=\u001B[>4;2m\u001B[>1u\u001B[?u\u001B[=1;1u'],
    ['keyboard lock', '\u001B[2h'],
    ['132 columns', '\u001B[?3h\u001B[?40h'],
    ['what scrolled away', '\u001B[3J'],
    ['another coding system', '\u001B%@\u001B F'],
    ['C1 forms', '\u009B6n\u009D52;c;?\u009C\u0090$qm\u009C\u009A'],
    ['application and privacy strings', '\u001B_Gf=100;AAAA\u001B\\\u001B^x\u001B\\\u001BXx\u001B\\'],
    ['tmux passing on', '\u001BPtmux;\u001B\u001B]52;c;eA==\u0007\u001B\\'],
  ])('is without %s', (_what, text) => {
    expect(once(`a${text}b`)).toBe('ab')
    // Whole or in pieces.
    const harmless = new Harmless('xterm', 24)
    expect(Array.from(`a${text}b`, one => harmless.text(one)).join('')).toBe('ab')
  })

  it('has of several modes those that are harmless', () => {
    expect(once('\u001B[?1049;1000;25h')).toBe('\u001B[?1049;25h')
    expect(once('\u001B[2;4h')).toBe('\u001B[4h')
  })

  it('bounds counts, however long they are written', () => {
    expect(once('\u001B[2147483647b')).toBe('\u001B[10000b')
    expect(once(`\u001B[${'9'.repeat(300)}Lx`)).toBe('x')
  })

  it('clears the screen for a full reset, and nothing of what scrolled away', async () => {
    const shown = new Shown()
    await shown.write('before\r\n'.repeat(30))
    const harmless = new Harmless('xterm', 24)
    await shown.write(harmless.text('\u001B[?1049h\u001B[31m\u001B[2;5rtext\u001Bcafter'))
    expect((await shown.lines()).filter(Boolean)).toEqual(['after'])
    expect(await shown.state()).toEqual({ ...(await new Shown().state()), x: 5 })
    expect((await shown.everything()).split('\n').at(-2)).toMatch(/ of [1-9]/)
  })

  it.each(RECORDED)('shows of %s at every step what the terminal showed', async name => {
    const harmless = new Harmless('xterm-256color', 24)
    const [shown, original] = [new Shown(), new Shown()]
    const text = recorded(name).toString()
    for (let at = 0; at < text.length; at += 83) {
      const piece = text.slice(at, at + 83)
      await shown.write(harmless.text(piece))
      await original.write(piece)
      // Modes of keyboard and mouse apart, which are the last line.
      const [mine, theirs] = [await shown.everything(), await original.everything()].map(all =>
        all.slice(0, all.lastIndexOf('\n')),
      )
      expect(mine, `behind ${at}`).toBe(theirs)
    }
    await shown.write(harmless.end())
    expect(await shown.state()).toEqual(await new Shown().state())
  })

  it('whatever was recorded, answers nothing, names no window, and leaves the terminal as it was', async () => {
    const fresh = await new Shown().state()
    const byte = fc.oneof(
      fc.constantFrom(
        '\u001B',
        '\u001B[',
        '\u001B]',
        '\u001BP',
        '\u009B',
        '?',
        '>',
        '!',
        '$',
        '0',
        '6',
        '1049',
        ';',
      ),
      fc.constantFrom(
        'n',
        'c',
        'h',
        'l',
        'm',
        'q',
        't',
        'p',
        'x',
        'y',
        'u',
        'r',
        '\u0007',
        '\u001B\\',
        '\u0005',
        '52;c;?',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(byte, { maxLength: 60 }), async pieces => {
        const harmless = new Harmless('xterm', 24)
        const shown = new Shown()
        for (const piece of pieces) await shown.write(harmless.text(piece))
        await shown.write(harmless.end())
        expect(shown.answers).toBe('')
        expect(shown.title).toBe('')
        expect(await shown.state()).toEqual(fresh)
      }),
      { numRuns: 150 },
    )
  })
})
