import type { ScanToken } from 'libpg-query'

/** The words of one statement, by PostgreSQL's own scanner: comments left out, up to its semicolon. */
export class Words {
  readonly #source: Buffer
  readonly #tokens: readonly ScanToken[]
  /** Open brackets before each token. */
  readonly #depth: readonly number[]

  constructor(text: string, tokens: readonly ScanToken[]) {
    this.#source = Buffer.from(text)
    const words = tokens.filter(token => !token.tokenName.endsWith('_COMMENT'))
    const from = words.findIndex(token => token.text !== ';')
    const until = words.findIndex((token, index) => index > from && token.text === ';')
    this.#tokens = words.slice(Math.max(from, 0), until < 0 ? undefined : until)
    let depth = 0
    this.#depth = this.#tokens.map(({ text: word }) => {
      if (word === ')' || word === ']') depth--
      const here = depth
      if (word === '(' || word === '[') depth++
      return here
    })
  }

  get length(): number {
    return this.#tokens.length
  }

  /** Place of the first such keyword outside of brackets from `from` on, or `length`. */
  find(keyword: string, from: number, notBehind?: string): number {
    const at = this.#tokens.findIndex(
      (_, index) =>
        index >= from &&
        this.#depth[index] === 0 &&
        this.is(index, keyword) &&
        !(notBehind !== undefined && this.is(index - 1, notBehind)),
    )
    return at < 0 ? this.length : at
  }

  is(index: number, keyword: string): boolean {
    const token = this.#tokens[index]
    return token !== undefined && token.keywordName !== 'NO_KEYWORD' && token.text.toUpperCase() === keyword
  }

  /** The text of the words `[from, until)`; each `$n` in it is given to `parameter`. */
  text(from: number, until: number, parameter: (number: number) => number = number => number): string {
    const [first, last] = [this.#tokens[from], this.#tokens[until - 1]]
    if (first === undefined || last === undefined || until <= from) return ''
    let said = ''
    let at = first.start
    for (const token of this.#tokens.slice(from, until)) {
      if (token.tokenName !== 'PARAM') continue
      said += this.#source.toString('utf8', at, token.start)
      said += `$${parameter(Number(token.text.slice(1)))}`
      at = token.end
    }
    return said + this.#source.toString('utf8', at, last.end)
  }
}
