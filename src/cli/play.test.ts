import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RecordedEntry } from '../client/answers.ts'
import { RECORDED, recorded, Shown } from '../screen/shown.suite.ts'
import { until } from '../../test/support/wait.ts'
import { Pace, type PaceKey } from './pace.ts'
import { play, type PlayOptions } from './play.ts'
import type { Screen } from './screen.ts'
import { sizeNote } from './terminal-choice.ts'
import { WatchedTerminal } from './watched-terminal.ts'

/** A screen that shows itself, and a keyboard on which a test types. */
class Seen implements Screen {
  readonly columns = 80
  readonly rows = 24
  readonly shown = new Shown()
  written: string[] = []
  type: (key: string) => void = () => undefined
  listening = false

  async write(text: string): Promise<void> {
    this.written.push(text)
    await this.shown.write(text)
  }

  keys(listener: (key: string) => void): () => void {
    this.type = listener
    this.listening = true
    return () => {
      this.listening = false
    }
  }
}

const HEADER = { cols: 80, rows: 24, term: 'xterm-256color' }

async function* cast(...events: (readonly [number, string, string])[]) {
  yield* events
}

const options = (more: Partial<PlayOptions> = {}): PlayOptions => ({
  speed: 1000,
  idleMs: Infinity,
  interrupted: new AbortController().signal,
  ...more,
})

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

describe('a pace', () => {
  it('reaches a place after its time, by its speed', () => {
    const pace = new Pace(2, 1_000)
    expect(pace.wait(10_000, 1_000)).toBe(5_000)
    expect(pace.wait(10_000, 5_000)).toBe(1_000)
    expect(pace.wait(10_000, 7_000)).toBe(0)
    pace.press('faster', 10_000, 3_000)
    expect(pace.speed).toBe(4)
    expect(pace.wait(10_000, 3_000)).toBe(1_500)
    pace.press('skip', 10_000, 3_000)
    expect(pace.wait(10_000, 3_000)).toBe(250)
  })

  it('stands while it pauses, and goes from event to event by steps', () => {
    const pace = new Pace(1, 0)
    pace.press('pause', 5_000, 1_000)
    expect(pace.wait(5_000, 100_000)).toBe(Infinity)
    pace.press('step', 5_000, 100_000)
    expect(pace.wait(5_000, 100_000)).toBe(0)
    expect(pace.wait(5_001, 200_000)).toBe(Infinity)
    pace.press('pause', 5_001, 200_000)
    expect(pace.wait(5_001, 200_000)).toBe(1)
  })

  it('never goes back, whatever is pressed', () => {
    const keys = fc.constantFrom<PaceKey>('pause', 'faster', 'slower', 'step', 'skip')
    fc.assert(
      fc.property(fc.array(fc.tuple(keys, fc.nat(5_000))), presses => {
        const pace = new Pace(1, 0)
        let now = 0
        let reached = 0
        for (const [key, later] of presses) {
          now += later
          pace.press(key, reached + 100, now)
          expect(pace.wait(reached, now)).toBe(0)
          while (pace.wait(reached + 50, now) === 0) reached += 50
          expect(pace.speed).toBeGreaterThanOrEqual(1 / 8)
          expect(pace.speed).toBeLessThanOrEqual(64)
        }
      }),
    )
  })
})

describe('playing', () => {
  it.each(RECORDED)('%s ends on the screen it ended on, below what was there before', async name => {
    const screen = new Seen()
    await screen.shown.write('before\r\n'.repeat(3))
    const original = new Shown()
    const text = recorded(name).toString()
    await original.write(text)
    const pieces = text.match(/[^]{1,50}/g) ?? []
    const events = pieces.map(piece => [0.01, 'o', piece] as const)
    const played = await play(HEADER, cast(...events, [0, 'x', '0']), screen, options())
    expect(played).toEqual({ left: false, exit: '0', marks: [] })
    expect(await screen.shown.lines()).toEqual(await original.lines())
    expect(screen.listening).toBe(false)
  })

  it('keeps the time of the recording, shortened where nothing happened', async () => {
    const screen = new Seen()
    const began = performance.now()
    await play(
      HEADER,
      cast([1, 'o', 'a'], [3_600, 'o', 'b'], [1, 'o', 'c']),
      screen,
      options({ speed: 20, idleMs: 2_000 }),
    )
    expect(screen.written.slice(1, 4)).toEqual(['a', 'b', 'c'])
    // Four seconds of recording remain; as it was it would be three minutes, longer than a test may last.
    expect(performance.now() - began).toBeGreaterThan(190)
  })

  it.each(['q', '\u0003'])('leaves at %j, and leaves the screen usable', async key => {
    const screen = new Seen()
    const playing = play(
      HEADER,
      cast([0, 'o', '\u001B[?1049h\u001B[31m\u001B[?25lsecret'], [3_600, 'o', 'never']),
      screen,
      options({ speed: 1 }),
    )
    await until(() => screen.written.length === 2)
    screen.type(key)
    expect(await playing).toEqual({ left: true, marks: [] })
    expect(screen.listening).toBe(false)
    expect(await screen.shown.state()).toEqual(await new Shown().state())
  })

  it('leaves at an interrupt without a keyboard', async () => {
    const interrupt = new AbortController()
    const playing = play(
      HEADER,
      cast([3_600, 'o', 'x']),
      new Seen(),
      options({ interrupted: interrupt.signal }),
    )
    interrupt.abort()
    expect((await playing).left).toBe(true)
  })

  it('pauses, steps and goes on', async () => {
    const screen = new Seen()
    const playing = play(
      HEADER,
      cast([0.2, 'o', 'a'], [3_600, 'o', 'b'], [3_600, 'o', 'c']),
      screen,
      options({ speed: 1 }),
    )
    screen.type(' ')
    await pause(400)
    expect(screen.written).toHaveLength(1)
    screen.type('.')
    await until(() => screen.written.length > 1)
    expect(screen.written.slice(1)).toEqual(['a'])
    screen.type('.')
    await until(() => screen.written.length > 2)
    expect(screen.written.slice(1)).toEqual(['a', 'b'])
    screen.type('q')
    expect((await playing).left).toBe(true)
  })

  it('lets nothing of a recording answer into the keyboard, and tells its marks', async () => {
    const screen = new Seen()
    const played = await play(
      HEADER,
      cast(
        [0, 'o', '\u001B[6n\u001B]52;c;?'],
        [0, 'o', '\u0007\u001B]0;t\u0007ok'],
        [0, 'm', 'cut: expired'],
      ),
      screen,
      options(),
    )
    expect(played.marks).toEqual(['cut: expired'])
    expect(screen.shown.answers + screen.shown.title).toBe('')
    expect((await screen.shown.lines())[0]).toBe('ok')
  })

  it('leaves the screen usable when what the server sends is no recording', async () => {
    const screen = new Seen()
    const broken = (async function* () {
      yield [0, 'o', '\u001B[?1049h']
      yield { not: 'an event' }
    })()
    await expect(play(HEADER, broken, screen, options())).rejects.toMatchObject({ code: 'input.invalid' })
    expect(await screen.shown.state()).toEqual(await new Shown().state())
  })

  it('says when the sizes differ', () => {
    expect(sizeNote({ cols: 80, rows: 24 }, { columns: 80, rows: 50 })).toBeUndefined()
    expect(sizeNote({ cols: 120, rows: 24 }, { columns: 80, rows: 24 })).toContain('120×24')
    expect(sizeNote({ cols: 60, rows: 24 }, { columns: 80, rows: 24 })).toContain('long lines')
  })
})

describe('watching terminals', () => {
  const entry = (type: string, data: object, content?: object): RecordedEntry => ({
    index: 0,
    at: '2026-01-01T00:00:00.000Z',
    type,
    ...(type === 'action' && { outcome: 'allowed' }),
    data: { ...data },
    ...(content && { content }),
  })
  const opened = (n: number) =>
    entry('action', { kind: 'shell', n }, { detail: { term: 'xterm', cols: 80, rows: 24 } })
  const output = (n: number, text: string) => entry('stream', { n }, { events: [[1, 'o', text]] })

  it('shows the newest, then lines again when it is over', async () => {
    const screen = new Seen()
    const watched = new WatchedTerminal(screen, undefined, () => undefined)
    expect(await watched.entry(entry('session.connected', {}))).toBe(false)
    expect(await watched.entry(opened(1))).toBe(true)
    await watched.entry(output(1, '\u001B[?1049hfirst'))
    await watched.entry(opened(2))
    expect((await screen.shown.state()).alternate).toBe(false)
    await watched.entry(output(1, 'unseen'))
    await watched.entry(output(2, 'second'))
    expect((await screen.shown.lines()).filter(Boolean)).toEqual(['second'])
    // Other actions would spoil the screen.
    expect(await watched.entry(entry('action', { kind: 'forward', n: 3 }))).toBe(true)
    expect(await watched.entry(entry('result', { n: 2 }))).toBe(false)
    expect(await watched.entry(entry('action', { kind: 'forward', n: 4 }))).toBe(false)
  })

  it('shows the chosen one alone', async () => {
    const screen = new Seen()
    const watched = new WatchedTerminal(screen, 1, () => undefined)
    await watched.entry(opened(1))
    await watched.entry(opened(2))
    await watched.entry(output(2, 'unseen'))
    await watched.entry(output(1, 'first'))
    expect((await screen.shown.lines()).filter(Boolean)).toEqual(['first'])
  })
})
