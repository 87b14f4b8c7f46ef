import { type Cosigner, parseCosigner } from '../note/cosignature.ts'
import { type NoteVerifier, parseVkey } from '../note/note.ts'
import { parseVerifierKey, type VerifierKey } from '../note/verifier-key.ts'

/** Which checkpoints one believes (c2sp.org/tlog-policy): signed by one of `logs`, cosigned as `quorum` says. */
export interface Policy {
  readonly logs: readonly PolicyLog[]
  readonly witnesses: readonly PolicyWitness[]
  readonly quorum: Quorum
}

export interface PolicyLog {
  readonly vkey: string
  /** Undefined for a type of key that is not verified here (ML-DSA-44): nothing such a key signed is believed. */
  readonly verifier: NoteVerifier | undefined
  readonly url?: string
}

export interface PolicyWitness {
  readonly kind: 'witness'
  /** As the policy calls it; means nothing outside. */
  readonly name: string
  readonly vkey: string
  /** Undefined for a type of key that is not verified here (ML-DSA-44): such a witness counts as absent. */
  readonly cosigner: Cosigner | undefined
  /** The submission prefix of c2sp.org/tlog-witness. */
  readonly url?: string
}

/** Has witnessed what at least `needed` of its members have. `1 ≤ needed ≤ members.length`; a member is in one group only. */
export interface PolicyGroup {
  readonly kind: 'group'
  readonly name: string
  readonly needed: number
  readonly members: readonly (PolicyWitness | PolicyGroup)[]
}

/** `none`: a signature of the log is enough. */
export type Quorum = PolicyWitness | PolicyGroup | 'none'

export interface PolicyProblem {
  /** From 1; 0 for what is missing from the whole file. */
  readonly line: number
  readonly message: string
  readonly next: string
}

export type ParsedPolicy =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] }

/** The specification wants at least 32 of each; more than these is no policy anybody reads. */
const MOST = 256
const LONGEST = 1024 * 1024
const NONE = 'none'

/** Of the control characters, lines may hold the tab only. */
// oxlint-disable-next-line no-control-regex -- these are what it looks for
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f]/

type Member = PolicyWitness | PolicyGroup

/**
 * Reads a policy. Octets are taken as they are, so names differ when their octets do. Every problem is reported with its
 * line; with one problem there is no policy. Pure.
 */
export function parsePolicy(bytes: Uint8Array): ParsedPolicy {
  if (bytes.length > LONGEST)
    return { ok: false, problems: [problem(0, 'is larger than 1 MiB', 'Check that this file is a policy.')] }
  const reading = new Reading()
  const lines = Buffer.from(bytes).toString('latin1').split('\n')
  const rest = lines.pop()
  for (const [i, line] of lines.entries()) reading.line(i + 1, line)
  if (rest !== '' && rest !== undefined)
    reading.refuse(
      lines.length + 1,
      'does not end with a newline',
      'The file may have been cut; end it with one.',
    )
  return reading.finish()
}

/** `policy:3: …`, one line each, for people. */
export function policyProblemText(file: string, { line, message, next }: PolicyProblem): string {
  return `${file}${line === 0 ? '' : `:${line}`}: ${message} (${next})`
}

function problem(line: number, message: string, next: string): PolicyProblem {
  return { line, message, next }
}

/** Everything read so far, line by line. */
class Reading {
  readonly #problems: PolicyProblem[] = []
  readonly #logs: PolicyLog[] = []
  readonly #witnesses: PolicyWitness[] = []
  /** By octets. Undefined: its definition was refused, which is told once and not again where it is used. */
  readonly #defined = new Map<string, Member | undefined>()
  /** Raw public keys in hex → the line that has them. */
  readonly #logKeys = new Map<string, number>()
  readonly #witnessKeys = new Map<string, number>()
  /** Name → the line of the group it is a member of. */
  readonly #grouped = new Map<string, number>()
  #groups = 0
  #quorum: { readonly line: number; readonly quorum: Quorum | undefined } | undefined

  line(number: number, text: string): void {
    const [control] = CONTROL.exec(text) ?? []
    if (control !== undefined) {
      const code = control.charCodeAt(0).toString(16).padStart(2, '0')
      this.refuse(
        number,
        `holds the control character 0x${code}`,
        control === '\r' ? 'Save the file with Unix line ends.' : 'Take it out.',
      )
      return
    }
    const [keyword, ...items] = text.split(/[ \t]+/).filter(item => item !== '')
    if (keyword === undefined || keyword.startsWith('#')) return
    if (keyword === 'log') this.#log(number, items)
    else if (keyword === 'witness') this.#witness(number, items)
    else if (keyword === 'group') this.#group(number, items)
    else if (keyword === 'quorum') this.#setQuorum(number, items)
    else
      this.refuse(
        number,
        `begins with ${quoted(keyword)}`,
        'Begin it with log, witness, group, quorum, or # for a comment.',
      )
  }

  refuse(line: number, message: string, next: string): void {
    this.#problems.push(problem(line, message, next))
  }

  finish(): ParsedPolicy {
    if (this.#quorum === undefined)
      this.refuse(
        0,
        'has no quorum line',
        'End it with `quorum NAME`, or `quorum none` to ask for no witness.',
      )
    const quorum = this.#quorum?.quorum
    if (this.#problems.length > 0 || quorum === undefined) return { ok: false, problems: this.#problems }
    return { ok: true, policy: { logs: this.#logs, witnesses: this.#witnesses, quorum } }
  }

  #log(line: number, items: readonly string[]): void {
    const [vkey, url, ...more] = items
    if (vkey === undefined || more.length > 0)
      return this.refuse(line, 'is no line of a log', 'Write `log VKEY [URL]`.')
    const key = this.#key(line, vkey, 'a log', 'cosignature')
    if (key === undefined || this.#twice(line, key, this.#logKeys, 'log')) return
    if (this.#tooMany(line, this.#logs.length, 'logs')) return
    this.#logs.push({ vkey: words(vkey), verifier: parseVkey(words(vkey)), ...(url && { url: words(url) }) })
  }

  #witness(line: number, items: readonly string[]): void {
    const [name, vkey, url, ...more] = items
    if (name === undefined || vkey === undefined || more.length > 0)
      return this.refuse(line, 'is no line of a witness', 'Write `witness NAME VKEY [URL]`.')
    if (!this.#define(line, name)) return
    const key = this.#key(line, vkey, 'a witness', 'ed25519')
    if (key === undefined || this.#twice(line, key, this.#witnessKeys, 'witness')) return
    if (this.#tooMany(line, this.#witnesses.length, 'witnesses')) return
    const witness: PolicyWitness = {
      kind: 'witness',
      name: words(name),
      vkey: words(vkey),
      cosigner: parseCosigner(words(vkey)),
      ...(url && { url: words(url) }),
    }
    this.#witnesses.push(witness)
    this.#defined.set(name, witness)
  }

  #group(line: number, items: readonly string[]): void {
    const [name, threshold, ...names] = items
    if (name === undefined || threshold === undefined || names.length === 0)
      return this.refuse(line, 'is no line of a group', 'Write `group NAME any|all|NUMBER MEMBER…`.')
    if (!this.#define(line, name)) return
    const members = names.map(member => this.#member(line, member, name))
    const needed = threshold === 'any' ? 1 : threshold === 'all' ? names.length : decimal(threshold)
    if (needed === undefined || needed > names.length)
      return this.refuse(
        line,
        `asks for ${quoted(threshold)} of ${names.length} ${names.length === 1 ? 'member' : 'members'}`,
        `Write any, all, or a number from 1 to ${names.length}.`,
      )
    if (this.#tooMany(line, this.#groups, 'groups')) return
    this.#groups += 1
    const known = members.filter(member => member !== undefined)
    if (known.length === names.length)
      this.#defined.set(name, { kind: 'group', name: words(name), needed, members: known })
  }

  #setQuorum(line: number, items: readonly string[]): void {
    const [name, ...more] = items
    if (name === undefined || more.length > 0)
      return this.refuse(line, 'is no quorum', 'Write `quorum NAME`, or `quorum none`.')
    if (this.#quorum !== undefined)
      return this.refuse(
        line,
        `is a second quorum; line ${this.#quorum.line} has the first`,
        'Keep one of them; define a group to combine them.',
      )
    const quorum = name === NONE ? NONE : this.#find(line, name)
    this.#quorum = { line, quorum }
  }

  /** Takes the name, so that its uses are not reported when the rest of its line is refused. */
  #define(line: number, name: string): boolean {
    if (name === NONE) {
      this.refuse(line, 'defines the name none', 'Choose another: it means that no witness is asked for.')
      return false
    }
    if (this.#defined.has(name)) {
      this.refuse(line, `defines ${quoted(name)} again`, 'Witnesses and groups share one space of names.')
      return false
    }
    this.#defined.set(name, undefined)
    return true
  }

  #member(line: number, name: string, group: string): Member | undefined {
    if (name === NONE) {
      this.refuse(line, 'has the member none', 'Leave it out: none can only be the quorum.')
      return undefined
    }
    if (name === group) {
      this.refuse(line, `has itself as a member`, 'Name witnesses and groups of the lines above.')
      return undefined
    }
    const before = this.#grouped.get(name)
    if (before !== undefined) {
      this.refuse(
        line,
        `has the member ${quoted(name)}, which ${before === line ? 'it has already' : `line ${before} has`}`,
        'Every name is in one group at most, so that a witness counts once.',
      )
      return undefined
    }
    this.#grouped.set(name, line)
    return this.#find(line, name)
  }

  #find(line: number, name: string): Member | undefined {
    if (!this.#defined.has(name))
      this.refuse(line, `names ${quoted(name)}, which no line above defines`, 'Define it first.')
    return this.#defined.get(name)
  }

  #key(line: number, text: string, what: string, wrong: 'ed25519' | 'cosignature'): VerifierKey | undefined {
    const key = parseVerifierKey(words(text))
    if (key === undefined) {
      this.refuse(
        line,
        `holds ${quoted(text)}, which is no verifier key`,
        'Copy it whole: NAME+KEYID+BASE64, as the log or the witness prints it.',
      )
      return undefined
    }
    if (key.type !== wrong) return key
    const other = wrong === 'ed25519' ? 'a log (type 0x01)' : 'a witness (type 0x04)'
    this.refuse(line, `holds the key of ${other}, not of ${what}`, 'Write the key of the right kind there.')
    return undefined
  }

  #twice(line: number, { raw }: VerifierKey, seen: Map<string, number>, what: string): boolean {
    const hex = raw.toString('hex')
    const before = seen.get(hex)
    if (before === undefined) {
      seen.set(hex, line)
      return false
    }
    this.refuse(
      line,
      `has the public key of the ${what} in line ${before}`,
      'One key counts once, whatever it is called.',
    )
    return true
  }

  #tooMany(line: number, count: number, what: string): boolean {
    if (count < MOST) return false
    this.refuse(line, `is beyond ${MOST} ${what}`, 'A policy may hold no more.')
    return true
  }
}

function decimal(text: string): number | undefined {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined
}

/** What the octets say in UTF-8, for people and for names of keys. */
function words(octets: string): string {
  return Buffer.from(octets, 'latin1').toString('utf8')
}

function quoted(octets: string): string {
  const text = words(octets)
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
