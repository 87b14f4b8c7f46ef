import type { Run } from './run.ts'
import { UNKNOWN_PIECE, type Word } from './shell/word.ts'

/** A pattern of `scope.commands` or `scope.never`: words; `*` within a word, and as the last word for all that follow, also none. */
interface Pattern {
  readonly words: readonly string[]
  readonly rest: boolean
}

/** Where a program that is named without its path may be found. */
const STANDARD = new Set(['/bin/', '/sbin/', '/usr/bin/', '/usr/sbin/'])

/**
 * Whether a run is surely one of those that the pattern means. A program without path is that of the standard folders. Words that are
 * not known fit nothing but the `*` at the end, and so do paths with `..` in them where the pattern has a `*`.
 */
export function surelyFits(words: readonly Word[], pattern: string): boolean {
  const { words: wanted, rest } = patternOf(pattern)
  const [program] = words
  if (!program?.known || words.length < wanted.length || (!rest && words.length > wanted.length)) return false
  return wanted.every((part, index) => {
    const word = words[index]
    if (!word?.known) return false
    if (part.includes('*') && /(?:^|\/)\.\.(?:\/|$)/.test(word.text)) return false
    if (index > 0 || part.includes('/')) return fits(word.text, part)
    const base = word.text.lastIndexOf('/') + 1
    return (base === 0 || STANDARD.has(word.text.slice(0, base))) && fits(word.text.slice(base), part)
  })
}

/**
 * Whether a run may be one of those that the pattern means. A program counts wherever it lies. Behind a word that is not known anything
 * may stand.
 */
export function mayFit({ words, name }: Pick<Run, 'words' | 'name'>, pattern: string): boolean {
  const { words: wanted, rest } = patternOf(pattern)
  if (name === undefined) return false
  for (const [index, part] of wanted.entries()) {
    const word = words[index]
    if (!word) return false
    const unknown = word.text.indexOf(UNKNOWN_PIECE)
    if (index > 0 && unknown >= 0) return agree(word.text.slice(0, unknown), part.split('*', 1)[0] ?? '')
    if (!fits(index === 0 && !part.includes('/') ? name : word.text, part)) return false
  }
  return rest || words.length === wanted.length || words.slice(wanted.length).every(isWhollyUnknown)
}

const patterns = new Map<string, Pattern>()
const PATTERNS_AT_MOST = 2000

function patternOf(text: string): Pattern {
  let pattern = patterns.get(text)
  if (!pattern) {
    const words = text.split(' ').filter(word => word !== '')
    const rest = words.at(-1) === '*'
    pattern = { words: rest ? words.slice(0, -1) : words, rest }
    if (patterns.size >= PATTERNS_AT_MOST) patterns.clear()
    patterns.set(text, pattern)
  }
  return pattern
}

/** `*` stands for any characters. */
function fits(text: string, pattern: string): boolean {
  const [first = '', ...others] = pattern.split('*')
  const last = others.pop()
  if (last === undefined) return text === first
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last))
    return false
  let at = first.length
  const end = text.length - last.length
  for (const piece of others) {
    const found = text.indexOf(piece, at)
    if (found < 0 || found + piece.length > end) return false
    at = found + piece.length
  }
  return true
}

function agree(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a)
}

/** It may become no word at all. */
function isWhollyUnknown({ text }: Word): boolean {
  return text === UNKNOWN_PIECE
}
