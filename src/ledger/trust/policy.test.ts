import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cosignerKey } from '../note/cosignature.ts'
import { noteSigner } from '../note/note.ts'
import { formatVerifierKey, keyIdOf } from '../note/verifier-key.ts'
import { type ParsedPolicy, parsePolicy, type Policy, policyProblemText } from './policy.ts'
import { policyText } from './policy-text.ts'
import { isQuorum, missingWords } from './quorum.ts'

const log = noteSigner('log.example/control', Buffer.alloc(32, 1)).vkey
const keys = Array.from({ length: 8 }, (_, i) => cosignerKey(`w${i}.example`, Buffer.alloc(32, 40 + i)).vkey)
const witness = (name: string, i: number): string => `witness ${name} ${keys[i]}`

const parse = (...lines: string[]): ParsedPolicy =>
  parsePolicy(Buffer.from(lines.map(line => `${line}\n`).join('')))
const good = (...lines: string[]): Policy => {
  const parsed = parse(...lines)
  if (!parsed.ok) throw new Error(parsed.problems.map(one => policyProblemText('policy', one)).join('\n'))
  return parsed.policy
}

const EXAMPLE = [
  `log ${log}`,
  '',
  witness('X1', 0),
  witness('X2', 1),
  witness('X3', 2),
  'group X-witnesses 2 X1 X2 X3',
  ...[witness('Y1', 3), witness('Y2', 4), witness('Y3', 5)],
  'group Y-witnesses any Y1 Y2 Y3',
  '  # both of them',
  'group X-and-Y all\tX-witnesses \t Y-witnesses ',
  'quorum X-and-Y',
]

describe('a policy', () => {
  it.each([
    [['X1', 'X2', 'Y3'], true],
    [['X1', 'X2', 'X3'], false],
    [['X3', 'Y1', 'Y2', 'Y3'], false],
    [['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'], true],
    [[], false],
  ])('as in the specification: %j → %s', (names, expected) => {
    const { quorum, witnesses, logs } = good(...EXAMPLE)
    expect(logs).toMatchObject([{ vkey: log }])
    const witnessed = new Set(witnesses.filter(({ name }) => names.includes(name)))
    expect(isQuorum(quorum, witnessed)).toBe(expected)
    expect(missingWords(quorum, witnessed) === undefined).toBe(expected)
  })

  it('is written as it is read', () => {
    for (const lines of [
      EXAMPLE,
      ['quorum none'],
      [`log ${log} https://log.example/`, witness('a', 0), 'quorum a'],
    ]) {
      const policy = good(...lines)
      expect(good(policyText(policy).trimEnd())).toEqual(policy)
    }
  })

  it('may ask for nobody, for one witness, and hold addresses, names and comments of any octets', () => {
    expect(good('quorum none')).toEqual({ logs: [], witnesses: [], quorum: 'none' })
    const { witnesses, quorum } = good(
      `${witness('Kelvin-\u212A', 0)} https://w.example/päth`,
      witness('Kelvin-K', 1),
      '# \u00e9 \u2028',
      'quorum Kelvin-K',
    )
    expect(witnesses[0]).toMatchObject({ name: 'Kelvin-\u212A', url: 'https://w.example/päth' })
    expect(quorum).toBe(witnesses[1])
    const octets = Buffer.concat([Buffer.from('# '), Buffer.of(0xff, 0x80), Buffer.from('\nquorum none\n')])
    expect(parsePolicy(octets).ok).toBe(true)
  })

  it('takes keys that are not verified here, which then count for nothing', () => {
    const name = 'pq.example'
    const policy = good(`witness pq ${mlDsaKey(name)}`, witness('w', 0), 'group any any pq w', 'quorum any')
    expect(policy.witnesses[0]?.cosigner).toBeUndefined()
    expect(policy.witnesses[1]?.cosigner).toBeDefined()
  })

  const other = noteSigner('log.example/other', Buffer.alloc(32, 1)).vkey
  const sameKey = cosignerKey('alias.example', Buffer.alloc(32, 40)).vkey
  it.each<[what: string, lines: readonly string[], line: number, message: RegExp]>([
    ['nothing', [], 0, /no quorum/],
    ['an unknown word', ['witnesses 3', 'quorum none'], 1, /begins with "witnesses"/],
    ['a log without key', ['log', 'quorum none'], 1, /no line of a log/],
    ['a log with more', [`log ${log} https://x y`, 'quorum none'], 1, /no line of a log/],
    ['a witness without key', ['witness w', 'quorum none'], 1, /no line of a witness/],
    ['a witness with more', [`${witness('w', 0)} u v`, 'quorum none'], 1, /no line of a witness/],
    ['a changed key', [`log ${log.replace('+A', '+B')}`, 'quorum none'], 1, /no verifier key/],
    ['the key of a witness as log', [`log ${keys[0]}`, 'quorum none'], 1, /key of a witness .* not of a log/],
    ['the key of a log as witness', [`witness w ${log}`, 'quorum w'], 1, /key of a log .* not of a witness/],
    ['a log twice under two names', [`log ${log}`, `log ${other}`, 'quorum none'], 2, /log in line 1/],
    [
      'a witness twice under two names',
      [witness('a', 0), `witness b ${sameKey}`, 'quorum a'],
      2,
      /witness in line 1/,
    ],
    ['a name twice', [witness('a', 0), witness('a', 1), 'quorum a'], 2, /defines "a" again/],
    ['a group named like a witness', [witness('a', 0), 'group a any a', 'quorum a'], 2, /defines "a" again/],
    ['a witness named none', [witness('none', 0), 'quorum none'], 1, /defines the name none/],
    ['a group named none', [witness('a', 0), 'group none any a', 'quorum none'], 2, /defines the name none/],
    ['a member none', [witness('a', 0), 'group g any a none', 'quorum g'], 2, /member none/],
    ['a group without members', ['group g any', 'quorum none'], 1, /no line of a group/],
    ['a group of nobody', [witness('a', 0), 'group g 0 a', 'quorum g'], 2, /asks for "0" of 1 member/],
    ['more than there are', [witness('a', 0), 'group g 2 a', 'quorum g'], 2, /asks for "2" of 1 member/],
    ['a threshold in words', [witness('a', 0), 'group g most a', 'quorum g'], 2, /asks for "most"/],
    ['a leading zero', [witness('a', 0), 'group g 01 a', 'quorum g'], 2, /asks for "01"/],
    ['a signed number', [witness('a', 0), 'group g +1 a', 'quorum g'], 2, /asks for "\+1"/],
    [
      'a member twice in a group',
      [witness('a', 0), 'group g 2 a a', 'quorum g'],
      2,
      /"a", which it has already/,
    ],
    [
      'a member of two groups',
      [witness('a', 0), witness('b', 1), 'group g any a b', 'group h any a', 'quorum g'],
      4,
      /"a", which line 3 has/,
    ],
    ['a member defined below', ['group g any a', witness('a', 0), 'quorum g'], 1, /"a", which no line above/],
    ['a group of itself', ['group g any g', 'quorum g'], 1, /itself/],
    ['a quorum of nobody known', ['quorum a', witness('a', 0)], 1, /"a", which no line above/],
    ['two quorums', ['quorum none', 'quorum none'], 2, /second quorum; line 1/],
    ['a quorum without name', ['quorum'], 1, /no quorum/],
    ['a quorum of two', [witness('a', 0), witness('b', 1), 'quorum a b'], 3, /no quorum/],
    ['Windows line ends', ['quorum none\r'], 1, /0x0d/],
    ['a NUL', ['# \0', 'quorum none'], 1, /0x00/],
    ['a DEL', ['# \x7f', 'quorum none'], 1, /0x7f/],
  ])('refuses %s, with the line and what to do', (_, lines, line, message) => {
    const parsed = parse(...lines)
    if (parsed.ok) throw new Error('it was accepted')
    expect(parsed.problems[0]).toMatchObject({ line, message: expect.stringMatching(message) })
    for (const { next } of parsed.problems) expect(next.length).toBeGreaterThan(10)
  })

  it('refuses a file that was cut, whatever remains of it', () => {
    const whole = Buffer.from(`${EXAMPLE.join('\n')}\n`)
    for (let length = 0; length < whole.length; length += 1)
      expect(parsePolicy(whole.subarray(0, length)).ok, `${length} bytes`).toBe(false)
  })

  it('tells every problem once, and a refused line is not held against those that name it', () => {
    const parsed = parse('witness a nonsense', 'group g any a', 'quorum g')
    expect(parsed).toMatchObject({ ok: false, problems: [{ line: 1 }] })
    expect(parse('log x', 'log y')).toMatchObject({ problems: [{ line: 1 }, { line: 2 }, { line: 0 }] })
  })

  it('has bounds, above those every implementation should reach', () => {
    const many = Array.from({ length: 257 }, (_, i) => {
      const seed = Buffer.alloc(32)
      seed.writeUInt16BE(i)
      return `witness n${i} ${cosignerKey('w.example', seed).vkey}`
    })
    expect(good(...many.slice(0, 256), 'quorum n255').witnesses).toHaveLength(256)
    expect(parse(...many, 'quorum n0')).toMatchObject({
      problems: [{ line: 257, message: expect.stringContaining('256') }],
    })
    expect(parsePolicy(Buffer.alloc(2 ** 20 + 1, 0x20)).ok).toBe(false)
  })
})

describe('the quorum, beside a naive reading of the text', () => {
  /** Straight from the text, every time anew: for each set of cosigners, which names have witnessed. */
  const naively = (lines: readonly string[], present: ReadonlySet<string>): boolean => {
    const witnessed = (name: string): boolean => {
      if (name === 'none') return true
      const line =
        lines.find(one => one.split(' ')[1] === name && !one.startsWith('quorum'))?.split(' ') ?? []
      if (line[0] === 'witness') return present.has(name)
      const members = line.slice(3)
      const needed = line[2] === 'any' ? 1 : line[2] === 'all' ? members.length : Number(line[2])
      return members.filter(witnessed).length >= needed
    }
    return witnessed(lines.at(-1)?.split(' ')[1] ?? '')
  }

  /** Groups over what is not yet in a group, until nothing is left or the numbers run out. */
  const policies = fc
    .tuple(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(2)), { maxLength: 6 }),
      fc.nat(),
    )
    .map(([witnesses, groups, last]) => {
      const lines = Array.from({ length: witnesses }, (_, i) => witness(`w${i}`, i))
      let free = Array.from({ length: witnesses }, (_, i) => `w${i}`)
      const names = [...free, 'none']
      for (const [i, [take, threshold, how]] of groups.entries()) {
        if (free.length === 0) break
        const members = free.slice(0, 1 + (take % free.length))
        const needed = how === 0 ? 'any' : how === 1 ? 'all' : String(1 + (threshold % members.length))
        lines.push(`group g${i} ${needed} ${members.join(' ')}`)
        free = [...free.slice(members.length), `g${i}`]
        names.push(`g${i}`)
      }
      return [...lines, `quorum ${names[last % names.length]}`]
    })

  it('is the same for every set of cosigners', () => {
    fc.assert(
      fc.property(policies, lines => {
        const { quorum, witnesses } = good(...lines)
        // One expectation for all sets: thousands of them would take longer than what they look at.
        const others: (readonly string[])[] = []
        for (let set = 0; set < 2 ** witnesses.length; set += 1) {
          const present = witnesses.filter((_, i) => (set >> i) % 2 === 1)
          const names = present.map(({ name }) => name)
          if (isQuorum(quorum, new Set(present)) !== naively(lines, new Set(names))) others.push(names)
        }
        expect(others).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  it('never falls when somebody more cosigns', () => {
    fc.assert(
      fc.property(policies, fc.nat(255), fc.nat(7), (lines, set, more) => {
        const { quorum, witnesses } = good(...lines)
        const present = new Set(witnesses.filter((_, i) => (set >> i) % 2 === 1))
        const added = new Set([...present, ...witnesses.slice(more, more + 1)])
        expect(isQuorum(quorum, added) || !isQuorum(quorum, present)).toBe(true)
      }),
    )
  })
})

/** A verifier key of type 0x06 over no real public key: only its form matters, for none is verified here. */
function mlDsaKey(name: string): string {
  const raw = Buffer.alloc(1312, 7)
  return formatVerifierKey({ name, type: 'mlDsa44', raw, keyId: keyIdOf(name, 'mlDsa44', raw) })
}
