import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chosen, COMMANDS } from './commands.ts'
import { shellLines } from './clients/libpq.ts'
import type { LocalCommands } from './local.ts'
import { runCli } from './run.ts'
import { table } from './table.ts'
import { plain, type Terminal } from './terminal.ts'
import { clock, span } from './times.ts'

/** A terminal that keeps what is written; nobody sits at it. */
function quiet(env: Record<string, string> = {}) {
  const out: string[] = []
  const said: string[] = []
  const terminal: Terminal = {
    env: { XDG_STATE_HOME: mkdtempSync(join(tmpdir(), 'bg-state-')), ...env },
    interactive: false,
    columns: 80,
    screen: undefined,
    out: text => void out.push(text),
    say: text => void said.push(text),
    status: () => undefined,
    ask: () => Promise.reject(new Error('nobody is here')),
    paint: (_style, text) => text,
    interrupted: new AbortController().signal,
  }
  return { terminal, out, said }
}
const nothingLocal = {} as LocalCommands
const run = async (...args: string[]) => {
  const { terminal, out, said } = quiet()
  return {
    code: await runCli(args, terminal, nothingLocal, '1.2.3'),
    out: out.join('\n'),
    said: said.join('\n'),
  }
}

describe('the program', () => {
  it.each(COMMANDS.map(({ words }) => words))('%s says how it is used', async words => {
    const { code, out } = await run(...words.split(' '), '--help')
    expect(code).toBe(0)
    expect(out).toContain(`Usage: breakglass ${words}`)
    expect(out).toContain('--json')
    for (const line of out
      .split('\n')
      .filter(
        line =>
          !/^(Exit|Prints|The token|A passkey|Reads|Runs|That|With|Example| {2}breakglass| {2}source)/.test(
            line,
          ),
      ))
      expect(line.length).toBeLessThanOrEqual(110)
  })

  it('names every command in its help, in groups', async () => {
    const { code, out } = await run('--help')
    expect(code).toBe(0)
    for (const { words, group } of COMMANDS) {
      expect(out).toContain(words.split(' ')[0])
      expect(out).toContain(`${group}:`)
    }
  })

  it('tells its version, and 2 for what it does not know', async () => {
    expect(await run('--version')).toMatchObject({ code: 0, out: '1.2.3' })
    expect(await run('opne')).toMatchObject({ code: 2, said: expect.stringContaining('Did you mean open?') })
    expect((await run('policy', 'chekc')).code).toBe(2)
    expect((await run('approve')).code).toBe(2)
    expect((await run('grants', '--nonsense')).code).toBe(2)
  })

  it('finds the command behind options', () => {
    expect(chosen(['--json', 'policy', 'check'])?.words).toBe('policy check')
    expect(chosen(['policy'])?.words).toBe('policy')
    expect(chosen(['incident'])).toBeUndefined()
  })
})

describe('completion', () => {
  const script = async (shell: string): Promise<string> => (await run('completion', shell)).out
  const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0

  it('completes words in a real bash', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'bg-comp-')), 'bash')
    writeFileSync(file, await script('bash'))
    const ask = (words: string): string[] =>
      execFileSync(
        'bash',
        [
          '-c',
          `source ${file}; COMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _breakglass; echo "\${COMPREPLY[@]}"`,
        ],
        { encoding: 'utf8' },
      )
        .trim()
        .split(' ')
    expect(ask('breakglass re')).toEqual(['revoke', 'reviews', 'review', 'replay', 'restore'])
    expect(ask('breakglass ledger ""')).toEqual([
      'head',
      'entry',
      'prove',
      'policy',
      'verify',
      'rotate-key',
      'retire-key',
      'compromised-key',
    ])
  })

  it.skipIf(!has('zsh'))('is accepted by a real zsh', async () => {
    expect(spawnSync('zsh', ['-n'], { input: await script('zsh') }).status).toBe(0)
  })

  it('names every command for each shell', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const text = await script(shell)
      for (const { words } of COMMANDS) for (const word of words.split(' ')) expect(text).toContain(word)
    }
  })
})

describe('what people read', () => {
  it('times name their zone, and the day only when it is another one', () => {
    const now = Date.parse('2026-07-01T12:00:00Z')
    expect(clock('2026-07-01T10:00:05Z', now, 'Europe/Paris')).toMatch(/^12:00:05 (CEST|GMT\+2)$/)
    expect(clock('2026-06-30T22:30:00Z', now, 'Europe/Paris')).toMatch(/^00:30:00 |^2026-07-01/)
    expect(clock('2026-06-30T10:00:00Z', now, 'UTC')).toBe('2026-06-30 10:00 UTC')
    expect([span(-5), span(40_900), span(27 * 60_000), span(65 * 60_000), span(76 * 3_600_000)]).toEqual([
      '0s',
      '40s',
      '27m',
      '1h 05m',
      '3d 4h',
    ])
  })

  it('tables keep to the width, whatever stands in them', () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 60 })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, cell), { maxLength: 6 }),
        fc.integer({ min: 40, max: 120 }),
        (rows, width) => {
          const lines = table(['ONE', 'TWO', 'THREE'], rows, width)
          expect(lines).toHaveLength(rows.length + 1)
          const segmenter = new Intl.Segmenter()
          for (const line of lines) {
            expect([...segmenter.segment(line)].length).toBeLessThanOrEqual(width)
            expect(line).not.toMatch(/\p{Cc}/u)
          }
        },
      ),
    )
  })

  it('requirement 20: nothing that others wrote moves the cursor, recolours the screen or turns the direction', () => {
    expect(plain('a\u001B[2Jb\u0007\u009B31m\rc\u202Ed\te\nf')).toBe(
      'a\uFFFD[2Jb\uFFFD\uFFFD31m\uFFFDc\uFFFDd\te\nf',
    )
    fc.assert(fc.property(fc.string({ unit: 'binary' }), text => !/[^\P{Cc}\t\n]/u.test(plain(text))))
  })

  it('attack 13: what is printed for a shell is literal in a shell', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 30 }), value => {
        const [line] = shellLines({ PGDATABASE: value })
        expect(execFileSync('sh', ['-c', `${line}; printf %s "$PGDATABASE"`], { encoding: 'utf8' })).toBe(
          value,
        )
      }),
      { numRuns: 30, examples: [["x'; touch /tmp/pwned; '"], ['$(id)'], ['a b"c`d`']] },
    )
  })
})
