import { readOptions } from './options.ts'
import type { Run } from './run.ts'
import { readCommands } from './shell/command-reader.ts'
import { DEEPEST, type Riddle, TooComplex } from './shell/cursor.ts'
import { type SimpleCommand, unknownWord, type Word } from './shell/word.ts'
import { INTERPRETERS, interpreterOf, SHELLS, type Wrapper, WRAPPERS } from './wrappers.ts'

/** What a line runs, with everything that is seen through. */
export interface Unfolded {
  readonly runs: readonly Run[]
  /** What shells or we cannot read alike. */
  readonly riddles: readonly Riddle[]
}

/** What is found in the arguments of a program. */
type Found = Pick<Run, 'inner' | 'hides' | 'readsCommands'> & { readonly assigns?: readonly string[] }

/** Reads a command line and looks through the programs that run others. Pure. Throws TooComplex. */
export function unfold(line: string): Unfolded {
  const unfolder = new Unfolder(2 * line.length + SPARE)
  const runs = unfolder.text(line, 0)
  return { runs, riddles: unfolder.riddles }
}

/** Characters that are read a second time, besides as many as the line has. */
const SPARE = 65_536

class Unfolder {
  readonly riddles: Riddle[] = []
  /** Characters that may still be read: text in arguments is read anew at each level. */
  #left: number

  constructor(most: number) {
    this.#left = most
  }

  /** `at`: the word in whose value the text stands; all of it is placed there. */
  text(text: string, depth: number, at?: Word): readonly Run[] {
    this.#left -= text.length
    if (this.#left < 0) throw new TooComplex('whose commands stand too deep in arguments')
    const { commands, riddles } = readCommands(text, depth)
    for (const riddle of riddles) this.riddles.push(at ? { ...riddle, at: at.from } : riddle)
    if (!at) return commands.map(command => this.#run(command, depth))
    const { from, to } = at
    return commands.map(command => {
      const words = command.words.map(word => ({ ...word, from, to }))
      return this.#run({ ...command, words, from, to }, depth)
    })
  }

  #run(command: SimpleCommand, depth: number): Run {
    const { words, assigns, redirections, background, from, to } = command
    const [program, ...rest] = words
    const own = { words, redirections, background, from, to }
    if (!program) return { ...own, assigns, name: undefined }
    if (!program.known) return { ...own, assigns, name: undefined, hides: 'which program it is' }
    const name = program.text.slice(program.text.lastIndexOf('/') + 1)
    const { assigns: more = [], ...found } = this.#look(name, rest, depth)
    return { ...own, name, assigns: more.length === 0 ? assigns : [...assigns, ...more], ...found }
  }

  #look(name: string, rest: readonly Word[], depth: number): Found {
    if (depth >= DEEPEST) throw new TooComplex('nested too deep')
    if (SHELLS.has(name)) return this.#shell(name, rest, depth)
    if (name === 'find') return this.#find(rest, depth)
    if (name === 'trap') return rest.length > 1 ? this.#script(rest[0], depth, true) : {}
    if (name === 'alias' || name === 'enable' || name === 'hash')
      return rest.length > 0 ? { hides: 'what a name means from here on' } : {}
    const language = interpreterOf(name)
    const interpreter = INTERPRETERS.get(language)
    if (interpreter) return interpreted(language, rest, interpreter)
    const wrapper = WRAPPERS.get(name)
    return wrapper ? this.#wrapped(name, rest, wrapper, depth) : {}
  }

  #wrapped(name: string, rest: readonly Word[], wrapper: Wrapper, depth: number): Found {
    const { plainly, assigns, skip = 0 } = wrapper
    const { given, operands, unsure } = readOptions(rest, wrapper)
    const has = (names: readonly string[] = []): boolean => names.some(one => given.has(one))
    if (has(wrapper.idle)) return {}
    const hidden = unsure ? { hides: `what ${name} runs` } : {}
    if (unsure && operands[0]?.known === false) return hidden
    if (wrapper.command !== undefined && given.has(wrapper.command))
      return this.#script(given.get(wrapper.command), depth, plainly)
    if (name === 'env' && (given.has('S') || given.has('split-string'))) return { hides: 'what env runs' }
    if ((name === 'su' || name === 'runuser') && !given.has('u')) return this.#su(given, operands, depth)
    // To env and sudo whatever has a `=` is a variable, whether a shell could name it or not.
    const first = assigns ? operands.findIndex(word => !word.text.includes('=')) : 0
    const names = operands
      .slice(0, first < 0 ? operands.length : first)
      .map(word => word.text.slice(0, word.text.indexOf('=')))
    const inner = first < 0 ? [] : operands.slice(first + skip)
    const opens = wrapper.shell !== undefined && inner.length === 0
    if (opens && (wrapper.shell.length === 0 || has(wrapper.shell)))
      return { ...hidden, assigns: names, readsCommands: true }
    if (inner.length === 0) return { ...hidden, assigns: names }
    const [option, text] = inner
    if (wrapper.command !== undefined && option?.text === `-${wrapper.command}`)
      return { ...this.#script(text, depth, plainly), ...hidden }
    const found = wrapper.text
      ? this.#script(joined(inner), depth, plainly)
      : this.#words(wrapper.appends ? appended(inner, given) : inner, depth, plainly)
    return { ...found, ...hidden, assigns: names }
  }

  #words(words: readonly Word[], depth: number, plainly: boolean): Found {
    const [first] = words
    const last = words.at(-1)
    if (!first || !last) return {}
    const command = { words, assigns: [], redirections: [], background: false, from: first.from, to: last.to }
    return { inner: { runs: [this.#run(command, depth + 1)], plainly } }
  }

  #script(text: Word | undefined, depth: number, plainly: boolean): Found {
    if (!text) return {}
    if (!text.known) return { hides: 'the text of the commands' }
    return { inner: { runs: this.text(text.text, depth + 1, text), plainly } }
  }

  #su(given: ReadonlyMap<string, Word | undefined>, operands: readonly Word[], depth: number): Found {
    const text = given.get('c') ?? given.get('command') ?? given.get('session-command')
    if (text) return this.#script(text, depth, false)
    const others = operands.filter(word => word.text !== '-')
    return others.length > 1 ? { hides: 'what the shell is given' } : { readsCommands: true }
  }

  #shell(name: string, rest: readonly Word[], depth: number): Found {
    let index = 0
    let isText = false
    let reads = false
    for (; index < rest.length; index++) {
      const word = rest[index]
      if (!word || !/^[-+]./.test(word.text)) break
      if (!word.known) return { hides: `what ${name} runs` }
      if (word.text === '--') {
        index++
        break
      }
      if (/^--(?:rcfile|init-file)$/.test(word.text)) index++
      if (word.text.startsWith('--')) continue
      if (word.text.startsWith('-') && word.text.includes('c')) isText = true
      if (word.text.startsWith('-') && word.text.includes('s')) reads = true
      if (/[oO]$/.test(word.text)) index++
    }
    const operand = rest[index]
    if (isText) return this.#script(operand, depth, true)
    if (reads || !operand || /^(?:-|\/dev\/(?:stdin|fd\/0)|\/proc\/self\/fd\/0)$/.test(operand.text))
      return { readsCommands: true }
    return operand.known ? {} : { hides: `what ${name} runs` }
  }

  /** The programs behind `-exec` and its like; `{}` in them is what it finds. */
  #find(rest: readonly Word[], depth: number): Found {
    const runs: Run[] = []
    for (let index = 0; index < rest.length; index++) {
      if (!/^-(?:exec|ok)(?:dir)?$/.test(rest[index]?.text ?? '')) continue
      const from = index + 1
      while (index < rest.length && rest[index]?.text !== ';' && rest[index]?.text !== '+') index++
      const found = this.#words(
        rest.slice(from, index).map(word => replaced(word, '{}')),
        depth,
        false,
      )
      runs.push(...(found.inner?.runs ?? []))
    }
    return runs.length > 0 ? { inner: { runs, plainly: false } } : {}
  }
}

function interpreted(
  language: string,
  rest: readonly Word[],
  { values, code }: { readonly values: string; readonly code: string },
): Found {
  const { given, operands, unsure } = readOptions(rest, { values })
  if (unsure) return { hides: `what ${language} runs` }
  if (Array.from(code).some(letter => given.has(letter)) || given.has('eval') || given.has('print'))
    return { hides: `what the code for ${language} does` }
  if (given.has('m') || given.has('V') || given.has('v') || given.has('version') || given.has('help'))
    return {}
  return operands.length === 0 || operands[0]?.text === '-' ? { readsCommands: true } : {}
}

/** What xargs reads comes last, or in place of what -I names. */
function appended(words: readonly Word[], given: ReadonlyMap<string, Word | undefined>): readonly Word[] {
  const place = given.has('I') ? given.get('I')?.text : given.has('i') ? '{}' : undefined
  const [first] = words
  if (place !== undefined) return words.map(word => replaced(word, place))
  return first ? [...words, unknownWord(first)] : words
}

function replaced(word: Word, place: string): Word {
  return place !== '' && word.text.includes(place) ? { ...word, known: false } : word
}

/** As `eval` puts its arguments together. */
function joined(words: readonly Word[]): Word | undefined {
  const [first] = words
  const last = words.at(-1)
  if (!first || !last) return undefined
  const text = words.map(word => word.text).join(' ')
  return { text, known: words.every(word => word.known), quoted: true, from: first.from, to: last.to }
}
