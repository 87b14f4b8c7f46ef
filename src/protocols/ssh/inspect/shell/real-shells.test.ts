import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COMMAND_CASES } from '../command-cases.suite.ts'
import { withInner, type Run } from '../run.ts'
import { unfold } from '../unfold.ts'
import { TooComplex } from './cursor.ts'

const SHELLS = ['/bin/bash', '/bin/dash'].filter(shell => existsSync(shell))
const PROGRAMS = ['p1', 'p2', 'p3']
/** Lines per property; more of them are had by the environment. */
const RUNS = Number(process.env.BREAKGLASS_SHELL_RUNS ?? 60)

/** What ran when a real shell was given the line: each program with its arguments, as the programs themselves wrote it down. */
class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), 'bg-shells-'))
  readonly #here = join(this.folder, 'here')
  #runs = 0

  constructor() {
    mkdirSync(this.#here)
    writeFileSync(join(this.#here, 'a'), '')
    for (const name of PROGRAMS) {
      const file = join(this.folder, name)
      // One write, so that programs that run at once do not mix their words.
      writeFileSync(file, `#!/bin/dash\nprintf '%s\\0' "\${0##*/}" "$@" END >> "$RAN"\n`)
      chmodSync(file, 0o755)
    }
  }

  /** A folder of its own, no home, no rights to ask for, and five seconds. */
  ran(shell: string, line: string): readonly (readonly string[])[] {
    // A log of its own: what a line left behind in the background may still write to that of the line.
    const log = join(this.folder, `ran-${this.#runs++}`)
    writeFileSync(log, '')
    spawnSync(shell, ['-c', `wait_() { wait; }; trap wait_ EXIT\n${line}`], {
      cwd: this.#here,
      env: { PATH: `${this.folder}:/usr/bin:/bin`, y: 'p3', RAN: log },
      input: '',
      stdio: ['pipe', 'ignore', 'ignore'],
      timeout: 5000,
    })
    const words = readFileSync(log, 'utf8').split('\0').slice(0, -1)
    const ran: string[][] = [[]]
    for (const word of words) {
      if (word === 'END') ran.push([])
      else ran.at(-1)?.push(word)
    }
    return ran.slice(0, -1)
  }

  close(): void {
    rmSync(this.folder, { recursive: true })
  }
}

function seen(line: string): { runs: readonly Run[]; sure: boolean } {
  try {
    const { runs, riddles } = unfold(line)
    const all = runs.flatMap(run => [...withInner(run)])
    return { runs: all, sure: riddles.length === 0 && all.every(run => run.hides === undefined) }
  } catch (error) {
    if (!(error instanceof TooComplex)) throw error
    return { runs: [], sure: false }
  }
}

/** What ran was seen: a run of that program, whose known words are the arguments. Words that are not known may be any number. */
function wasSeen(runs: readonly Run[], [name, ...args]: readonly string[]): boolean {
  return runs.some(run => {
    if (run.name !== name) return false
    const words = run.words.slice(1)
    if (words.every(word => word.known)) return words.map(word => word.text).join('\0') === args.join('\0')
    const before = words.findIndex(word => !word.known)
    return words.slice(0, before).every((word, at) => word.text === args[at])
  })
}

const word = fc.constantFrom(
  'a',
  '-r',
  "'b c'",
  '"d e"',
  'f\\ g',
  '$y',
  '"$y"',
  "x'y'z",
  '""',
  '$((1+1))',
  '"$((2))"',
  '#h',
  'a#b',
  '{}',
  '[',
  '=',
  'k=v',
  '~',
  '*',
  '\\;',
  "'&'",
  '"|"',
  '\\\n',
  '!',
  'then',
  "$'\\x41'",
)
const program = fc.constantFrom('p1', 'p2', 'p3', 'p\\1', "'p2'", '"p3"', "p''1", 'p\\\n2')
const { line } = fc.letrec<{ line: string; command: string }>(tie => {
  const inner = tie('line')
  const simple = fc
    .tuple(program, fc.array(word, { maxLength: 3 }))
    .map(([name, words]) => [name, ...words].join(' '))
  const quoted = inner.map(text => `'${text.replaceAll("'", "'\\''")}'`)
  return {
    command: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      simple,
      simple,
      simple,
      inner.map(text => `( ${text}\n)`),
      inner.map(text => `{ ${text}\n}`),
      inner.map(text => `p1 $(${text}\n)`),
      inner.map(text => `p2 "$(${text}\n)"`),
      inner.map(text => `p1 \`${text.replaceAll(/[\\`$]/g, '\\$&')}\``),
      quoted.map(text => `sh -c ${text}`),
      quoted.map(text => `eval ${text}`),
      inner.map(text => `if ${text}\nthen p1; else p2; fi`),
      inner.map(text => `for y in p1 p2; do ${text}\ndone`),
      inner.map(text => `case a in b) p1;; a) ${text}\n;; esac`),
      inner.map(text => `until ${text}\ndo p1; break; done`),
      inner.map(text => `p1 <<E\n$(${text.replaceAll('\\\n', '')}\n)\nE`),
      inner.map(text => `p1 \${z:-$(${text}\n)}`),
      simple.map(text => `env k=v ${text}`),
      simple.map(text => `timeout 5 nice -n 1 ${text}`),
      simple.map(text => `p1 | xargs -n 2 ${text}`),
      simple.map(text => `A=b ${text} 2>&1 >/dev/null`),
      simple.map(text => `! ${text}`),
    ),
    line: fc
      .array(fc.tuple(tie('command'), fc.constantFrom('; ', ' && ', ' || ', '\n', ' | ', ' & ', ' # c\n')), {
        minLength: 1,
        maxLength: 3,
      })
      .map(parts => parts.map(([text, sign], at) => (at === parts.length - 1 ? text : text + sign)).join('')),
  }
})
/** A slip of the finger: a line with one place cut out or one sign put in, which shells may take for something else or for nothing. */
const slip = fc
  .tuple(
    line,
    fc.nat(),
    fc.nat(3),
    fc.constantFrom(
      '',
      "'",
      '"',
      '`',
      '$',
      '(',
      ')',
      '{',
      '}',
      ';',
      '&',
      '|',
      '\\',
      '\n',
      '#',
      '<',
      '>',
      '<<E\n',
      '$(',
      '((',
      '))',
      '[[ ',
    ),
  )
  .map(([text, place, cut, sign]) => {
    const at = text.length === 0 ? 0 : place % text.length
    return text.slice(0, at) + sign + text.slice(at + cut)
  })

/** The oracle: whatever a real shell runs had been seen before, or it had been said that it cannot be told. */
describe.skipIf(SHELLS.length < 2)('beside bash and dash', () => {
  let bench: Bench
  beforeAll(() => {
    bench = new Bench()
  })
  afterAll(() => bench.close())

  const unseen = (text: string): readonly unknown[] => {
    const { runs, sure } = seen(text)
    if (!sure) return []
    return SHELLS.flatMap(shell =>
      bench
        .ran(shell, text)
        .filter(one => !wasSeen(runs, one))
        .map(one => ({ shell, ran: one })),
    )
  }

  it('what runs was seen', () => {
    fc.assert(
      fc.property(line, text => {
        expect(unseen(text)).toEqual([])
      }),
      { numRuns: RUNS },
    )
  })

  it('also in lines with a slip', () => {
    fc.assert(
      fc.property(slip, text => {
        expect(unseen(text)).toEqual([])
      }),
      { numRuns: RUNS },
    )
  })

  it('lines that are written by the grammar are understood', () => {
    let [sure, total] = [0, 0]
    fc.assert(
      fc.property(line, text => {
        total++
        if (seen(text).sure) sure++
      }),
      { numRuns: 300 },
    )
    expect(sure / total).toBeGreaterThan(0.75)
  })

  it('what both shells take for a command line we do as well', () => {
    for (const { line: text, rule } of COMMAND_CASES) {
      const accepted = SHELLS.every(
        shell => spawnSync(shell, ['-n', '-c', text], { timeout: 5000 }).status === 0,
      )
      if (accepted && rule !== 'unknown_command' && !text.includes('() {'))
        expect({ text, riddles: unfold(text).riddles }).toEqual({ text, riddles: [] })
    }
  })
})
