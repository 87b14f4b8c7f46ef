/** What was typed and not yet sent, and where in a statement its end is. */
export class Typed {
  text = ''
  /** Where its first word or constant stood. */
  from: number | undefined
  /** It holds a variable whose value only a server could have told. */
  guessed = false
  #depth = 0
  /** BEGIN and CASE that wait for their END in the body of a routine. */
  #begun = 0
  /** The first words: only CREATE FUNCTION and PROCEDURE have bodies with semicolons. */
  #words: readonly string[] = []

  copy(): Typed {
    const copy = new Typed()
    copy.text = this.text
    copy.from = this.from
    copy.guessed = this.guessed
    copy.#depth = this.#depth
    copy.#begun = this.#begun
    copy.#words = this.#words
    return copy
  }

  /** A semicolon here ends the statement. */
  get atEnd(): boolean {
    return this.#depth === 0 && this.#begun === 0
  }

  /** `word` in lower case. */
  word(word: string): void {
    if (this.#words.length < 4) this.#words = [...this.#words, word]
    const [first, second, third, fourth] = this.#words
    const routine = second === 'or' && third === 'replace' ? fourth : second
    if (first !== 'create' || (routine !== 'function' && routine !== 'procedure') || this.#depth > 0) return
    if (word === 'begin' || (word === 'case' && this.#begun > 0)) this.#begun++
    if (word === 'end' && this.#begun > 0) this.#begun--
  }

  parenthesis(mark: '(' | ')'): void {
    this.#depth = Math.max(0, this.#depth + (mark === '(' ? 1 : -1))
  }
}
