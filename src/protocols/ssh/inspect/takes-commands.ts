import type { Run } from './run.ts'
import { TooComplex } from './shell/cursor.ts'
import { surelyFits } from './pattern.ts'
import { unfold } from './unfold.ts'

/**
 * Programs that take their input as data and run nothing of it, as patterns of `surelyFits`. What is not here may be told by its input
 * what to do: shells and interpreters, clients of databases, xargs, programs that nobody knows.
 */
const TAKES_DATA = [
  ...`cat tee dd wc head tail tac nl cut tr rev fold fmt od xxd hexdump strings uniq grep egrep fgrep diff cmp cksum md5sum sha1sum
  sha224sum sha256sum sha384sum sha512sum b2sum base32 base64 gzip gunzip zcat bzip2 bunzip2 xz unxz zstd unzstd lz4 unlz4 iconv jq pv
  sort tar true false : echo printf cd mkdir umask set`
    .split(/\s+/)
    .map(name => `${name} *`),
  'rsync --server *',
  'git-upload-pack *',
  'git-receive-pack *',
  'git upload-pack *',
  'git receive-pack *',
  'docker load *',
  'docker import *',
  'podman load *',
  'zfs receive *',
  'zfs recv *',
  'btrfs receive *',
]

/** Options by which some of these hand what they read to a program of the caller's choice; long ones may be cut short (GNU). */
const HANDS_ON: Readonly<Record<string, RegExp>> = {
  tar: /^--(?:to-|us|ch|in|inf|new|rs|rm)|^-?[A-Za-z]*[IF]/,
  sort: /^--co/,
}

/** Variables that change neither which program runs nor what it loads. */
const HARMLESS = /^(?:LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|COLUMNS|LINES|NO_COLOR)$/

/**
 * Whether what is piped into a command line may be commands, as in `bash -s`, `sudo -i`, `python3 -` or `psql`. Best effort, and only
 * where every program of the line is one that surely takes data the answer is no.
 */
export function takesCommands(line: string): boolean {
  try {
    const { runs, riddles } = unfold(line)
    return riddles.length > 0 || !runs.every(takesData)
  } catch (error) {
    if (error instanceof TooComplex) return true
    throw error
  }
}

function takesData({ words, name, assigns, inner, hides, readsCommands }: Run): boolean {
  if (hides !== undefined || readsCommands === true) return false
  if (assigns.some(variable => !HARMLESS.test(variable))) return false
  if (words.length === 0) return true
  // What xargs reads becomes part of the command it runs.
  if (inner) return name !== 'xargs' && inner.runs.every(takesData)
  if (!TAKES_DATA.some(pattern => surelyFits(words, pattern))) return false
  const handsOn = HANDS_ON[name ?? '']
  return handsOn === undefined || !words.slice(1).some(({ text, known }) => !known || handsOn.test(text))
}
