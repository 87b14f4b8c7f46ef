import type { Direction } from './scp-actions.ts'

/** Anything that makes of a command line more than words, but quotes and backslashes in the path, which the shell resolves. */
const PLAIN = /^(?:\/usr\/bin\/)?scp((?: -[A-Za-z]+)+)(?: --)? [^;&|<>()$`\n\0]*$/

/**
 * The direction of the command line that an `scp -O` sends (`scp -r -p -t path`); undefined for every other command, also for one
 * that does more besides: it is a command like any other.
 */
export function scpDirection(command: string): Direction | undefined {
  const flags = PLAIN.exec(command)?.[1]?.replaceAll(/[ -]/g, '') ?? ''
  const to = flags.includes('t')
  const from = flags.includes('f')
  // Neither of these takes a value in what a client sends; any other letter might.
  if (to === from || !/^[tfrpvdq]+$/.test(flags)) return undefined
  return to ? 'upload' : 'download'
}
