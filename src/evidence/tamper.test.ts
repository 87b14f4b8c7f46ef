/** What is done to bundles by those whom they incriminate: each is found and named, by both verifiers alike (issue C, 7). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256Hex } from '../kernel/bytes.ts'
import { encodeProof, parseProof } from '../ledger/note/proof.ts'
import type { BundleVerdict } from '../ledger/bundle/verdict.ts'
import { verifyBundle } from '../ledger/bundle/verify-bundle.ts'
import {
  archiveOf,
  type BundleWorld,
  bundleWorld,
  collect,
  type Contents,
  contentsOf,
  forged,
  memorySource,
  type OtherVerifier,
  otherVerifier,
  RULES,
} from './bundle-world.suite.ts'
import { partOfSessions, selectSession } from './select-session.ts'
import { selectRange } from './select-range.ts'
import type { Selection } from './selection.ts'
import { writeBundle } from './write-bundle.ts'

const CONTROL = 'logs/control/entries.txt'
const SESSIONS = 'logs/sessions/entries.txt'

let world: BundleWorld
let other: OtherVerifier
let grant: Buffer
let session: Buffer
let range: Buffer
let open: Buffer
let stranger: Contents
let contents: Contents
let sessionContents: Contents
let ids: { grant: string; one: string; two: string }

const bundle = (at: BundleWorld, selection: Selection): Promise<Buffer> =>
  collect(
    writeBundle(
      selection,
      {
        keys: at.keys,
        witnessed: () => undefined,
        procedureText: async () => RULES,
        policy: async () => at.policyText,
        aids: async () => new Map([['HOWTO.md', Buffer.from('how to\n')]]),
        software: 'breakglass test',
      },
      at.clock.wall,
    ),
  )

/** As `selectGrant` selects it; the journal's own view of the grant is exercised on the real server (test/real). */
const grantOf = async (at: BundleWorld, id: string, sessions: readonly string[]): Promise<Selection> => {
  const about: number[] = []
  for await (const { index, data } of at.control.entries(0)) if (data['grant'] === id) about.push(index)
  const [first = 0, last = 0] = [about[0], about.at(-1)]
  return {
    subject: { kind: 'grant', grant: id },
    parts: [
      {
        folder: 'control',
        log: at.control,
        until: last + 1,
        entries: () => at.control.entries(first, last + 1),
        opens: ({ data }) => data['grant'] === id,
      },
      partOfSessions(at.sessions, sessions),
    ],
    procedures: [sha256Hex(RULES)],
  }
}

const small = (finding: { file: string; index?: number }): string =>
  `${finding.file} ${finding.index ?? ''}`.trim()

/** Both verifiers, which must agree on the outcome and on every place. */
async function judged(archive: Buffer): Promise<BundleVerdict> {
  const ours = await verifyBundle(memorySource(archive), world.policy)
  const theirs = await other.verifyBundle(
    memorySource(archive),
    other.parsePolicy(Buffer.from(world.policyText)),
  )
  expect({ outcome: theirs.outcome, at: [...new Set(theirs.findings.map(small))].sort() }).toEqual({
    outcome: ours.outcome,
    at: [...new Set(ours.findings.map(small))].sort(),
  })
  return ours
}

const lines = (at: Contents, file: string): string[] => (at.get(file) ?? '').toString().trimEnd().split('\n')
const put = (at: Contents, file: string, of: readonly string[]): void =>
  void at.set(file, Buffer.from(of.map(line => `${line}\n`).join('')))

beforeAll(async () => {
  other = await otherVerifier()
  world = await bundleWorld()
  ids = { grant: '', one: '', two: '' }
  const elsewhere: string[] = []
  ids.grant = await world.grant(async id => {
    ids.one = await world.session(id, 3)
    elsewhere.push(await world.session('g_other', 2))
    ids.two = await world.session(id, 2)
  })
  const stays = await world.session('g_third', 1, 'open')
  await world.settled()
  grant = await bundle(world, await grantOf(world, ids.grant, [ids.one, ids.two]))
  session = await bundle(world, selectSession(world.sessions, ids.one))
  open = await bundle(world, selectSession(world.sessions, stays))
  const { t } = await world.control.read(3)
  range = await bundle(
    world,
    await selectRange({ from: t, to: t + 2_500 }, world.control, world.sessions.log),
  )
  contents = await contentsOf(grant)
  sessionContents = await contentsOf(session)

  const foreign = await bundleWorld('evil', 90)
  const theirs = await foreign.grant(async id => void (await foreign.session(id, 3)))
  const [own] = [...foreign.sessions.index.all()]
  await foreign.settled()
  stranger = await contentsOf(await bundle(foreign, await grantOf(foreign, theirs, [own?.id ?? ''])))
  await foreign.close()
})
afterAll(() => world.close())

describe('a bundle', () => {
  it('of a grant, a session, a time holds; of a session that runs it is incomplete', async () => {
    for (const whole of [grant, session, range]) {
      const verdict = await judged(whole)
      expect(verdict.findings).toEqual([])
      expect([verdict.outcome, verdict.missing]).toEqual(['holds', []])
    }
    expect((await judged(open)).outcome).toBe('incomplete')
    expect(await judged(grant)).toMatchObject({
      grant: { events: 5, last: { type: 'grant.closed' } },
      sessions: [
        { session: ids.one, entries: 5 },
        { session: ids.two, entries: 4 },
      ],
    })
  })

  it('says the same in both verifiers, word for word where it holds', async () => {
    for (const whole of [grant, session, range, open]) {
      const ours = await verifyBundle(memorySource(whole), world.policy)
      const theirs = await other.verifyBundle(
        memorySource(whole),
        other.parsePolicy(Buffer.from(world.policyText)),
      )
      expect(theirs).toEqual(ours)
    }
  })

  it('is the same for the same entries, byte for byte', async () => {
    expect(await bundle(world, selectSession(world.sessions, ids.one))).toEqual(session)
  })

  it('is believed only by who believes the keys', async () => {
    const policy = `${world.policyText.split('\n')[0]}\nquorum none\n`
    const ours = await other.verifyBundle(memorySource(grant), other.parsePolicy(Buffer.from(policy)))
    expect(ours.findings.map(small)).toEqual(['logs/sessions/checkpoint'])
  })

  it('shows what was erased, and that nothing else changed', async () => {
    const again = await bundleWorld('acme', 7)
    const id = await again.session('g_x', 2)
    await again.settled()
    const before = await contentsOf(await bundle(again, selectSession(again.sessions, id)))
    again.keys.destroy(`session/${id}`)
    const archive = await bundle(again, selectSession(again.sessions, id))
    const after = await contentsOf(archive)
    const verdict = await judged(archive)
    expect([verdict.outcome, verdict.parts[0]?.payloads]).toEqual([
      'holds',
      { open: 0, erased: 3, withheld: 0 },
    ])
    for (const file of [SESSIONS, 'logs/sessions/proof.txt', 'logs/sessions/checkpoint'])
      expect(after.get(file)).toEqual(before.get(file))
    expect(lines(after, 'logs/sessions/payloads.txt')[0]).toMatch(new RegExp(`^\\d+ erased session/${id}$`))
    await again.close()
  })
})

type Change = (to: Contents) => void
const replaced =
  (file: string, from: string | RegExp, to: string): Change =>
  at => {
    const text = (at.get(file) ?? '').toString()
    const changed = text.replace(from, to)
    if (changed === text) throw new Error(`nothing to change in ${file}`)
    at.set(file, Buffer.from(changed))
  }
const listed =
  (file: string, change: (of: string[]) => string[]): Change =>
  at =>
    put(at, file, change(lines(at, file)))

describe('a forger who also makes the manifest agree', () => {
  const cases: readonly [what: string, change: Change, place: RegExp][] = [
    [
      'changes an entry',
      replaced(SESSIONS, '"outcome":"allowed"', '"outcome":"refused"'),
      /^logs\/sessions\/(entries\.txt|proofs\/)/,
    ],
    [
      'changes a decision',
      replaced(CONTROL, 'grant.activated', 'grant.withdrawn'),
      /^logs\/control\/entries\.txt \d+$/,
    ],
    [
      'changes what was typed',
      replaced('logs/sessions/payloads.txt', 'select 2', 'select 9'),
      /^logs\/sessions\/payloads\.txt \d+$/,
    ],
    [
      'changes a salt',
      listed('logs/control/payloads.txt', of =>
        of.map(line => line.replace(/ open (.)/, (_, digit: string) => ` open ${digit === '0' ? '1' : '0'}`)),
      ),
      /^logs\/control\/payloads\.txt \d+$/,
    ],
    [
      'says that something was withheld',
      replaced('logs/control/payloads.txt', /^(\d+) withheld/m, '$1 withheld more'),
      /^logs\/control\/payloads\.txt \d+$/,
    ],
    [
      'drops an entry',
      listed(SESSIONS, of => of.filter((_, n) => n !== 2)),
      /^logs\/sessions\/entries\.txt \d+$/,
    ],
    ['drops the first entry', listed(CONTROL, of => of.slice(1)), /^logs\/control\/entries\.txt$/],
    ['doubles an entry', listed(SESSIONS, of => [of[0] ?? '', ...of]), /^logs\/sessions\/entries\.txt \d+$/],
    [
      'swaps two entries',
      listed(SESSIONS, ([a = '', b = '', ...of]) => [b, a, ...of]),
      /^logs\/sessions\/entries\.txt \d+$/,
    ],
    [
      'swaps the contents of two entries',
      listed(SESSIONS, ([a = '', b = '', ...of]) => [
        `${a.split(' ')[0]} ${b.slice(b.indexOf(' ') + 1)}`,
        `${b.split(' ')[0]} ${a.slice(a.indexOf(' ') + 1)}`,
        ...of,
      ]),
      /^logs\/sessions\//,
    ],
    [
      'moves an entry',
      listed(CONTROL, of =>
        of.map((line, n) =>
          n === of.length - 1 ? line.replace(/^\d+/, number => String(Number(number) + 1)) : line,
        ),
      ),
      /^logs\/control\//,
    ],
    [
      'numbers an entry beyond the log',
      listed(CONTROL, of => of.map((line, n) => (n === of.length - 1 ? line.replace(/^\d+/, '999') : line))),
      /^logs\/control\/entries\.txt 999$/,
    ],
    [
      'puts in an entry of another log',
      at =>
        put(at, SESSIONS, [
          ...lines(at, SESSIONS).slice(0, -1),
          lines(stranger, SESSIONS)
            .at(-1)
            ?.replace(/^\d+/, lines(at, SESSIONS).at(-1)?.split(' ')[0] ?? '') ?? '',
        ]),
      /^logs\/sessions\//,
    ],
    [
      'takes the whole part of another organisation',
      at => {
        for (const [name, bytes] of stranger) if (name.startsWith('logs/sessions/')) at.set(name, bytes)
      },
      /^logs\/sessions\/checkpoint$/,
    ],
    [
      'lets the control log pass for the other',
      at => {
        for (const [name, bytes] of [...at])
          if (name.startsWith('logs/control/')) at.set(name.replace('control', 'sessions'), bytes)
      },
      /^logs\/sessions\/checkpoint$/,
    ],
    [
      'leaves a log out',
      at => {
        for (const name of [...at.keys()]) if (name.startsWith('logs/control/')) at.delete(name)
      },
      /^logs\/control\/entries\.txt$/,
    ],
    ['leaves out the proof', at => void at.delete('logs/sessions/proof.txt'), /^logs\/sessions\/proof\.txt$/],
    [
      'leaves out what was sealed',
      at => void at.set('logs/sessions/payloads.txt', Buffer.alloc(0)),
      /^logs\/sessions\/payloads\.txt \d+$/,
    ],
    [
      'leaves out the last that was sealed',
      listed('logs/sessions/payloads.txt', of => of.slice(0, -1)),
      /^logs\/sessions\/payloads\.txt \d+$/,
    ],
    [
      'adds something sealed',
      listed('logs/sessions/payloads.txt', of => [...of, of.at(-1) ?? '']),
      /^logs\/sessions\/payloads\.txt/,
    ],
    [
      'takes the proof of another tree',
      at =>
        void at.set('logs/control/proof.txt', stranger.get('logs/control/proof.txt') ?? Buffer.from('\n')),
      /^logs\/control\/proof\.txt$/,
    ],
    [
      'changes a hash of the proof',
      listed('logs/control/proof.txt', of =>
        of.map(line => Buffer.from(line, 'base64').fill(1).toString('base64')),
      ),
      /^logs\/control\/proof\.txt$/,
    ],
    [
      'adds a hash to the proof',
      listed('logs/control/proof.txt', of => [...of, of[0] ?? '']),
      /^logs\/control\/proof\.txt$/,
    ],
    [
      'changes the size of the log',
      replaced('logs/control/checkpoint', /^\d+$/m, '9'),
      /^logs\/control\/checkpoint$/,
    ],
    [
      'changes the root',
      at =>
        void at.set('logs/control/checkpoint', stranger.get('logs/control/checkpoint') ?? Buffer.alloc(0)),
      /^logs\/control\/checkpoint$/,
    ],
    [
      'cuts the last line',
      at => void at.set(CONTROL, (at.get(CONTROL) ?? Buffer.alloc(0)).subarray(0, -1)),
      /^logs\/control\/entries\.txt/,
    ],
    [
      'writes other rules',
      at => void at.set(`procedures/${sha256Hex(RULES)}.json`, Buffer.from('{}')),
      /^procedures\//,
    ],
    [
      'adds a file',
      at => void at.set('logs/control/more.txt', Buffer.from('x')),
      /^logs\/control\/more\.txt$/,
    ],
    ['adds a file elsewhere', at => void at.set('readme.exe', Buffer.from('x')), /^readme\.exe$/],
    [
      'writes a line without end',
      at =>
        void at.set(
          SESSIONS,
          Buffer.concat([at.get(SESSIONS) ?? Buffer.alloc(0), Buffer.alloc(400_000, 65)]),
        ),
      /^logs\/sessions\/entries\.txt/,
    ],
    [
      'writes entries that are none',
      replaced(SESSIONS, '"v":1', '"v":2'),
      /^logs\/sessions\/(entries\.txt|proofs\/)/,
    ],
  ]
  it.each(cases)('%s', async (_what, change, place) => {
    const verdict = await judged(await archiveOf(forged(contents, change)))
    expect(verdict.outcome).toBe('broken')
    expect(verdict.findings.map(small).join('\n')).toMatch(new RegExp(place.source, 'm'))
    expect(verdict.shown).toEqual([])
  })

  it('changes the proof of one entry', async () => {
    for (const [file, text] of contents) {
      if (!file.endsWith('.tlog-proof')) continue
      const proof = parseProof(text.toString())
      if (!proof) throw new Error(file)
      const other = { ...proof, hashes: proof.hashes.map(hash => Buffer.from(hash).reverse()) }
      const verdict = await judged(
        await archiveOf(forged(contents, at => at.set(file, Buffer.from(encodeProof(other))))),
      )
      expect(verdict.findings.map(({ file: found, index }) => [found, index])).toEqual([[file, proof.index]])
    }
  })

  it.each([
    ['another grant', { kind: 'grant', grant: 'g_another' }],
    ['a session of it', { kind: 'session', session: 's_another' }],
    ['a time', { kind: 'range', from: 0, to: 9_000_000_000_000 }],
  ] as const)('says that it is about %s', async (_what, subject) => {
    expect((await judged(await archiveOf(forged(contents, () => undefined, { subject })))).outcome).toBe(
      'broken',
    )
  })

  it('cuts a session, and cannot make it look whole', async () => {
    // With every proof made anew from the log: only the end that is not there tells.
    const { first, last } = world.sessions.index.span(ids.one) ?? { first: 0, last: 0 }
    const part = partOfSessions(world.sessions, [ids.one])
    const cut: Selection = {
      subject: { kind: 'session', session: ids.one },
      parts: [{ ...part, entries: () => world.sessions.log.entriesOf(ids.one, first, last) }],
      procedures: [],
    }
    const verdict = await judged(await bundle(world, cut))
    expect([verdict.outcome, verdict.missing.length]).toEqual(['incomplete', 1])
    const headless: Selection = {
      ...cut,
      parts: [{ ...part, entries: () => world.sessions.log.entries(last, last + 1) }],
    }
    expect((await judged(await bundle(world, headless))).outcome).toBe('broken')
  })

  it('leaves a decision out of the middle, with proofs that fit', async () => {
    const whole = await grantOf(world, ids.grant, [ids.one, ids.two])
    const [control, sessions] = whole.parts
    if (!control || !sessions) throw new Error('two parts')
    const hole: Selection = {
      ...whole,
      parts: [
        {
          ...control,
          entries: async function* (size) {
            for await (const entry of control.entries(size)) if (entry.type !== 'grant.ended') yield entry
          },
        },
        sessions,
      ],
    }
    const verdict = await judged(await bundle(world, hole))
    expect(verdict.outcome).toBe('broken')
    expect(verdict.findings.map(small).join('\n')).toMatch(/^logs\/control\/entries\.txt/m)
  })

  it('leaves out the entries at the edge of a time', async () => {
    const rangeContents = await contentsOf(range)
    for (const drop of [(of: string[]) => of.slice(1), (of: string[]) => of.slice(0, -1)]) {
      const verdict = await judged(await archiveOf(forged(rangeContents, listed(CONTROL, drop))))
      expect(verdict.outcome).toBe('broken')
    }
  })
})

describe('whoever changes bytes', () => {
  it('of any file, at random places, without touching the manifest', async () => {
    for (const [name, bytes] of sessionContents) {
      for (let n = 0; n < 6; n += 1) {
        const at = Math.floor((bytes.length * n) / 6)
        const changed = Buffer.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ 1
        const archive = await archiveOf(new Map([...sessionContents, [name, changed]]))
        const verdict = await judged(archive)
        // Of the manifest, only what it says about when and by whom can change unseen: it is no evidence, and said to be none.
        if (name === 'manifest.json' && verdict.outcome === 'holds') {
          expect(sayings(changed)).toEqual(sayings(bytes))
          continue
        }
        expect(verdict.outcome).toBe('broken')
        if (name !== 'manifest.json') expect(verdict.findings.map(({ file }) => file)).toContain(name)
      }
    }
  })

  it('of the archive: all of its records, and a sample of what is packed', async () => {
    const packed = new Set<number>()
    const source = memorySource(session)
    const { readZip } = await import('../ledger/bundle/read-zip.ts')
    for (const { offset, name, packed: length } of await readZip(source)) {
      const from = offset + 30 + name.length
      for (let at = from; at < from + length; at += 1) packed.add(at)
    }
    for (let at = 0; at < session.length; at += packed.has(at) ? 23 : 1) {
      const changed = Buffer.from(session)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      const verdict = await verifyBundle(memorySource(changed), world.policy)
      if (verdict.outcome === 'broken') continue
      // The bits that fill the last byte of a packed file mean nothing to anybody.
      expect([at, packed.has(at)]).toEqual([at, true])
      expect(await contentsOf(changed)).toEqual(sessionContents)
    }
  })

  it.each([
    ['a comment', (of: Buffer) => Buffer.concat([of.subarray(0, -2), Buffer.from([2, 0, 65, 66])])],
    ['bytes behind it', (of: Buffer) => Buffer.concat([of, Buffer.from('x')])],
    ['bytes before it', (of: Buffer) => Buffer.concat([Buffer.from('x'), of])],
    ['its end cut off', (of: Buffer) => of.subarray(0, -1)],
    ['half of it', (of: Buffer) => of.subarray(0, of.length / 2)],
    ['nothing', () => Buffer.alloc(0)],
    ['another archive behind it', (of: Buffer) => Buffer.concat([of, of])],
  ])('of the archive: %s', async (_what, change) => {
    expect(await judged(change(session))).toMatchObject({ outcome: 'broken', findings: [{ file: '' }] })
  })

  it.each(['../../etc/passwd', '/etc/passwd', 'a//b', 'a\\b', 'C:x', 'logs/./x', 'x\u0000', '-rf', ''])(
    'of the archive: a file named %j',
    async name => {
      const archive = await archiveOf(new Map([...sessionContents, [name, Buffer.from('x')]]))
      expect((await judged(archive)).outcome).toBe('broken')
    },
  )

  it('of the archive: two files of one name', async () => {
    const { writeZip } = await import('../ledger/bundle/write-zip.ts')
    const twice = async function* () {
      for (const [name, bytes] of [...sessionContents, ...sessionContents]) yield { name, content: [bytes] }
    }
    expect((await judged(await collect(writeZip(twice())))).findings[0]?.what).toMatch(/two files/)
  })

  it('of the archive: a bomb is not unpacked', async () => {
    const bomb = Buffer.alloc(64 * 1024 * 1024)
    for (const name of ['manifest.json', SESSIONS, 'logs/sessions/checkpoint']) {
      const archive = await archiveOf(new Map([...sessionContents, [name, bomb]]))
      expect(archive.length).toBeLessThan(100_000)
      const verdict = await judged(archive)
      expect(verdict.findings.map(({ file }) => file)).toContain(name)
    }
  })
})

function sayings(manifest: Buffer): unknown {
  const {
    made: _made,
    software: _software,
    ...rest
  } = JSON.parse(manifest.toString()) as Record<string, unknown>
  return rest
}
