import type { Word } from './shell/word.ts'

/** How a program takes its options apart (POSIX 12.1, and `--long` as GNU has it). */
export interface Syntax {
  /** Letters of options that take a value. */
  readonly values?: string
  /** Long options whose value may be the next word. */
  readonly long?: readonly string[]
  /** Options may stand behind operands, as GNU's su has it. */
  readonly anywhere?: true
}

export interface Options {
  /** By letter or long name; the value where it has one. */
  readonly given: ReadonlyMap<string, Word | undefined>
  readonly operands: readonly Word[]
  /** A word that might be an option, or several words, is not known: what stands behind it may be something else. */
  readonly unsure: boolean
}

/** Takes apart what stands behind the program's name. */
export function readOptions(words: readonly Word[], { values = '', long = [], anywhere }: Syntax): Options {
  const given = new Map<string, Word | undefined>()
  const operands: Word[] = []
  let unsure = false
  const value = (word: Word | undefined): Word | undefined => {
    if (word && !word.known) unsure = true
    return word
  }
  for (let index = 0; index < words.length; index++) {
    const word = words[index]
    if (!word) break
    const { text } = word
    if (!word.known && word.assigns === undefined)
      return { given, operands: [...operands, ...words.slice(index)], unsure: true }
    if (text === '--') return { given, operands: [...operands, ...words.slice(index + 1)], unsure }
    if (text.startsWith('--')) {
      const [name, attached] = split(text.slice(2))
      const separate = attached === undefined && long.includes(name)
      given.set(
        name,
        separate ? value(words[++index]) : attached === undefined ? undefined : { ...word, text: attached },
      )
      continue
    }
    if (text.startsWith('-') && text.length > 1) {
      const letters = text.slice(1)
      for (let place = 0; place < letters.length; place++) {
        const letter = letters[place] ?? ''
        if (!values.includes(letter)) {
          given.set(letter, undefined)
          continue
        }
        const attached = letters.slice(place + 1)
        given.set(letter, attached === '' ? value(words[++index]) : { ...word, text: attached })
        break
      }
      continue
    }
    if (!anywhere) return { given, operands: words.slice(index), unsure }
    operands.push(word)
  }
  return { given, operands, unsure }
}

/** At the first `=`. */
function split(text: string): readonly [name: string, value?: string] {
  const at = text.indexOf('=')
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
