/** psql's variables, as far as a script tells them. */
export class Variables {
  readonly #values = new Map<string, string>()
  /** `\gset` and `\lo_import` have set some whose values only the server knows. */
  fetched = false

  /** The arguments of `\set`. A value made of what only a server knows is not known either. */
  set(args: string): void {
    const [, name, rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(args) ?? []
    if (name === undefined) return
    const value = this.literal(rest)
    if (/(?<!:):['"]?[A-Za-z_]/.test(value)) this.#values.delete(name)
    else this.#values.set(name, value)
  }

  /** `:name`, `:'name'`, `:"name"` or `:{?name}` as psql puts it into a statement; undefined: only a server knows. */
  valueOf(token: string): string | undefined {
    if (token.startsWith(':{')) return this.#values.has(token.slice(3, -1)) ? 'TRUE' : 'FALSE'
    const name = token.replace(/[:'"]/g, '')
    const value = this.#values.get(name)
    if (token.startsWith(":'")) return `'${(value ?? name).replaceAll("'", "''")}'`
    if (token.startsWith(':"')) return `"${(value ?? name).replaceAll('"', '""')}"`
    return value ?? (this.fetched ? undefined : token)
  }

  isTrue(args: string): boolean {
    return /^(?:true|on|yes|1)$/i.test(this.literal(args))
  }

  /** Arguments stand side by side: `'a' b` is `ab`. */
  literal(args: string): string {
    return args
      .replace(/'((?:[^'\\]|\\.|'')*)'|:(['"]?)(\w+)\2|\s+/g, (all, quoted: string | undefined, _, name) => {
        if (quoted !== undefined) return quoted.replaceAll("''", "'").replace(/\\(.)/g, '$1')
        return typeof name === 'string' ? (this.#values.get(name) ?? all) : ''
      })
      .trim()
  }
}
