/** What the script ended of one login, and what of it does not end. */
export interface Terminated {
  readonly ended: number
  readonly left: readonly { readonly pid: number; readonly command: string }[]
}

/**
 * Reads the answer of `TERMINATE_SCRIPT`: by login, or `no_proc`; undefined when it did not come to its end or does not speak of all
 * `logins`. Lines that do not begin with the mark are noise of the account's own start files.
 */
export function readTerminated(
  answer: string,
  mark: string,
  logins: readonly string[],
): ReadonlyMap<string, Terminated> | 'no_proc' | undefined {
  const lines = answer
    .split('\n')
    .map(line => line.split(' '))
    .filter(([first]) => first === mark)
    .map(([, ...words]) => words)
  if (lines.some(([what]) => what === 'no-proc')) return 'no_proc'
  if (lines.at(-1)?.[0] !== 'done') return undefined
  const found = new Map<string, Terminated>()
  for (const login of logins) {
    const ended = lines.find(([what, of]) => what === 'ended' && of === login)?.[2] ?? ''
    if (!/^\d+$/.test(ended)) return undefined
    const left = lines
      .filter(([what, of]) => what === 'left' && of === login)
      .map(([, , pid, command = '']) => ({ pid: Number(pid), command }))
    found.set(login, { ended: Number(ended), left })
  }
  return found
}
