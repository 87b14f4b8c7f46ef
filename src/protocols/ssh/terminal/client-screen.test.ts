import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ScreenMode } from '../../../screen/screen-mode.ts'
import { RECORDED, recorded, Shown } from '../../../screen/shown.suite.ts'
import { ClientScreen } from './client-screen.ts'
import { title } from './title.ts'

const WORDS = 'breakglass: this grant ends in 5 minutes'

/** A client's terminal with the gateway in between, and one that gets the same output without. */
class Watched {
  readonly shown = new Shown()
  readonly without = new Shown()
  readonly screen: ClientScreen
  said = ''
  room = true
  #sent: Buffer[] = []

  constructor(term = 'xterm-256color') {
    this.screen = new ClientScreen({
      term,
      rows: 24,
      send: bytes => {
        if (this.room) this.#sent.push(bytes)
        return this.room
      },
      sendLast: bytes => void this.#sent.push(bytes),
    })
  }

  async output(bytes: Uint8Array | string): Promise<void> {
    await this.shown.write(bytes)
    await this.without.write(bytes)
    this.screen.output(Buffer.from(bytes))
    await this.deliver()
  }

  async notice(text: string): Promise<void> {
    this.screen.notice(text)
    await this.deliver()
  }

  async farewell(text: string): Promise<void> {
    this.screen.farewell(text)
    await this.deliver()
  }

  async deliver(): Promise<void> {
    for (const bytes of this.#sent.splice(0)) {
      this.said += bytes.toString()
      await this.shown.write(bytes)
    }
  }
}

const silence = () => new Promise(resolve => setTimeout(resolve, 300))

describe('a sentence under a full-screen program', () => {
  const drawn = 'e\u0301x\u001B[9b\u001B[3;3H日\u0300\u001B[4b\u001B(0q\u001B[70b\u001B(B\u001B[1;1H'
  it.each([
    ...RECORDED.map(name => ({ name, output: recorded(name) })),
    { name: 'repetitions and marks', output: Buffer.from(`\u001B[?1049h${drawn.repeat(12)}`) },
  ])('at every safe point of $name leaves the screen as it is', async ({ output }) => {
    const mode = new ScreenMode('xterm-256color', 24)
    const shown = new Shown()
    const without = new Shown()
    let said = 0
    for (let from = 0; from < output.length; from += 97) {
      const piece = output.subarray(from, from + 97)
      const pieces: Buffer[] = []
      for (const byte of piece) {
        mode.feed(Buffer.of(byte))
        pieces.push(Buffer.of(byte))
        if (!mode.fullScreen || !mode.safe) continue
        pieces.push(title(WORDS, mode, said === 0 ? 'keep' : 'kept'))
        said++
      }
      await shown.write(Buffer.concat(pieces))
      await without.write(piece)
      expect(await shown.everything(), `behind byte ${from}`).toBe(await without.everything())
    }
    expect(said).toBeGreaterThan(80)
  })

  it('reaches the title at once and the screen when the program is gone, and the title comes back', async () => {
    const watched = new Watched()
    await watched.output('\u001B]2;mine\u0007$ vim\r\n\u001B[?1049h\u001B[2J\u001B[1;1Htext\u001B[1;1H')
    await watched.notice(WORDS)
    expect(watched.shown.title).toBe(WORDS)
    expect(await watched.shown.everything()).toBe(await watched.without.everything())
    await watched.output('\u001B[?1049l')
    expect((await watched.shown.lines()).filter(Boolean)).toEqual(['$ vim', WORDS])
    expect(watched.shown.title).toBe('mine')
  })

  it('waits for silence when the program ends its output with a character', async () => {
    const watched = new Watched()
    await watched.output('\u001B[?1049h\u001B[2J:')
    await watched.notice(WORDS)
    expect(watched.said).toBe('')
    await silence()
    await watched.deliver()
    expect(watched.shown.title).toBe(WORDS)
    // Nothing is said twice, however long the program stays.
    const said = watched.said
    await watched.output('\u001B[5;5Hx\u001B[1;1H')
    await silence()
    await watched.deliver()
    expect(watched.said).toBe(said)
  })

  it('is not put into a title where the terminal may not have one', async () => {
    const watched = new Watched('vt220')
    await watched.output('\u001B[?1h\u001B[1;1Htop')
    await watched.notice(WORDS)
    await silence()
    await watched.deliver()
    expect(watched.said).toBe('')
    await watched.output('\u001B[?1l\r\n')
    expect(watched.said).toContain(WORDS)
  })

  it('is told whatever the program, with several owed at once in their order', async () => {
    for (const name of RECORDED) {
      const watched = new Watched()
      const output = recorded(name)
      let noticed = 0
      const mode = new ScreenMode('xterm-256color', 24)
      for (let from = 0; from < output.length; from += 40) {
        const piece = output.subarray(from, from + 40)
        mode.feed(piece)
        await watched.output(piece)
        if (mode.fullScreen && noticed < 2) await watched.notice(`sentence ${++noticed}`)
      }
      expect(noticed, name).toBe(2)
      const lines = await watched.shown.lines()
      expect(lines, name).toContain('sentence 1')
      expect(lines.indexOf('sentence 2'), name).toBe(lines.indexOf('sentence 1') + 1)
    }
  })
})

describe('a sentence on a normal screen', () => {
  it('has a line of its own and changes nothing behind it', async () => {
    const watched = new Watched()
    await watched.output('\u001B[1;31m$ sleep 1')
    await watched.notice(WORDS)
    await watched.output('red')
    expect((await watched.shown.lines()).slice(0, 3)).toEqual(['$ sleep 1', WORDS, 'red'])
    const cells = (await watched.shown.everything()).split('\n')
    const red = (await watched.without.everything()).split('\n')[0] ?? ''
    expect(cells[1]?.startsWith('b|0.-1.0.-1.00000000 ')).toBe(true)
    expect(red).toContain(cells[2]?.split(' ')[0])
  })

  it('keeps character set, insert mode and wrapping of the program', async () => {
    const watched = new Watched()
    await watched.output('\u001B(0\u001B[?7l\u001B[4h\u001B[7mqq')
    await watched.notice(WORDS)
    expect((await watched.shown.lines()).slice(0, 2)).toEqual(['──', WORDS])
    await watched.output('q')
    expect((await watched.shown.lines())[2]).toBe('─')
    expect(await watched.shown.state()).toMatchObject({ insertMode: true, wraparoundMode: false })
  })

  it('is never put into the middle of a character or a control function', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(45), async at => {
        const output = Buffer.from('日本\u001B[32mgreen\u001B[0m é\u001B]2;t\u0007 end\r\n')
        const watched = new Watched()
        await watched.output(output.subarray(0, at))
        await watched.notice(WORDS)
        await watched.output(output.subarray(at))
        const lines = await watched.shown.lines()
        expect(lines).toContain(WORDS)
        const others = lines.filter(line => line !== WORDS).join('')
        // A line that ends in a space does not show it.
        expect(others.replaceAll(' ', '')).toBe('日本greenéend')
      }),
    )
  })

  it('waits for room, and is then where it may be', async () => {
    const watched = new Watched()
    watched.room = false
    await watched.output('$ ')
    await watched.notice(WORDS)
    await watched.output('\u001B[3')
    watched.room = true
    await silence()
    await watched.deliver()
    expect(watched.said).toBe('')
    await watched.output('1mred')
    expect((await watched.shown.lines()).slice(0, 2)).toEqual(['$ red', WORDS])
    const silent = new Watched()
    silent.room = false
    await silent.notice(WORDS)
    silent.room = true
    await silence()
    await silent.deliver()
    expect(silent.said).toContain(WORDS)
  })

  it('brings nothing to life that its text contains', async () => {
    const watched = new Watched()
    await watched.notice('ends \u001B[2J\u009B31m\u0007now\r\nnext \u202Eline')
    expect((await watched.shown.lines()).slice(0, 2)).toEqual([
      'ends \uFFFD[2J\uFFFD31m\uFFFDnow\uFFFD',
      'next \uFFFDline',
    ])
  })

  it('is plain text for a dumb terminal', async () => {
    const watched = new Watched('dumb')
    await watched.output('$ ')
    await watched.notice(WORDS)
    await watched.farewell('bye')
    expect(watched.said).toBe(`\r\n${WORDS}\r\nbye\r\n`)
  })
})

describe('the last words', () => {
  it.each(RECORDED)('stand on a usable screen wherever %s was cut', async name => {
    const output = recorded(name)
    const fresh = await new Shown().state()
    for (let end = 0; end < output.length; end += 173) {
      const watched = new Watched()
      await watched.output(output.subarray(0, end))
      await watched.farewell('breakglass: revoked by mara')
      const state = await watched.shown.state()
      expect(state, `cut at ${end}`).toEqual(fresh)
      const lines = (await watched.shown.lines()).filter(Boolean)
      expect(lines.at(-1), `cut at ${end}`).toBe('breakglass: revoked by mara')
    }
  })

  it('say what was still owed, once, and give the title back', async () => {
    const watched = new Watched()
    await watched.output('\u001B]2;mine\u0007\u001B[?1049h\u001B[1;1H')
    await watched.notice('one minute left')
    await watched.farewell('expired')
    expect((await watched.shown.lines()).filter(Boolean)).toEqual(['one minute left', 'expired'])
    expect(watched.shown.title).toBe('mine')
    const said = watched.said
    await watched.notice('later')
    await watched.output('more\r\n')
    expect(watched.said).toBe(said)
  })
})
