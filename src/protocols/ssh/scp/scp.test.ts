import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Watched } from '../sftp/watched.suite.ts'
import { createScp } from './scp.ts'

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

type Rules = ConstructorParameters<typeof Watched>[1]
const upload = (rules?: Rules): Watched => new Watched(ports => createScp('upload', ports), rules)
const download = (rules?: Rules): Watched => new Watched(ports => createScp('download', ports), rules)

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

const ZERO = Buffer.from([0])

/** A tree as scp tells it, and the actions and files that are meant. */
type Tree = readonly (
  | { readonly file: string; readonly data: Buffer; readonly times: boolean }
  | { readonly folder: string; readonly tree: Tree }
)[]

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter(text => !/[/\0\n]/.test(text) && text !== '.' && text !== '..')

const { tree } = fc.letrec<{ tree: Tree }>(tie => ({
  tree: fc.array(
    fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.record({
        file: name,
        data: fc.uint8Array({ maxLength: 50 }).map(bytes => Buffer.from(bytes)),
        times: fc.boolean(),
      }),
      fc.record({ folder: name, tree: tie('tree') }),
    ),
    { maxLength: 3 },
  ),
}))

/** What the sending side says, each part answered by one zero byte. */
function* told(of: Tree): Generator<Buffer> {
  for (const one of of) {
    if ('file' in one) {
      if (one.times) yield Buffer.from('T1700000000 0 1700000001 5\n')
      yield Buffer.from(`C0644 ${one.data.length} ${one.file}\n`)
      yield Buffer.concat([one.data, ZERO])
    } else {
      yield Buffer.from(`D0755 0 ${one.folder}\n`)
      yield* told(one.tree)
      yield Buffer.from('E\n')
    }
  }
}

interface Meant {
  readonly kind: string
  readonly text: string
  readonly detail?: object
  readonly [fact: string]: unknown
}

function* meant(of: Tree, up: boolean, under = ''): Generator<Meant> {
  for (const one of of) {
    if ('file' in one) {
      const text = `${under}${one.file}`
      yield { kind: up ? 'scp_write' : 'scp_read', text, writes: up, detail: { size: one.data.length } }
      if (up) yield { kind: 'scp_close', text, durable: true, detail: { sha256: sha256(one.data) } }
    } else {
      yield { kind: up ? 'scp_mkdir' : 'scp_list', text: `${under}${one.folder}` }
      yield* meant(one.tree, up, `${under}${one.folder}/`)
    }
  }
}

describe('createScp', () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 4 })

  it('any tree that goes up, however it is cut: the bytes as they were, the actions as they were meant', async () => {
    await fc.assert(
      fc.asyncProperty(tree, cuts, fc.boolean(), fc.boolean(), async (of, sizes, late, patient) => {
        const watched = upload({ evidence: 'before' })
        watched.guard.delayMs = late ? 0 : undefined
        const parts = [...told(of)]
        const all = Buffer.concat(parts)
        watched.target(ZERO)
        if (patient) {
          for (const part of parts) {
            const given = watched.client(part, ...sizes)
            while (watched.atTarget.length < Buffer.concat(parts.slice(0, parts.indexOf(part) + 1)).length)
              await turn()
            watched.target(ZERO)
            await given
          }
        } else {
          // A client that does not wait is made to.
          const given = watched.client(all, ...sizes)
          for (let at = 0, answered = 0; answered < parts.length; ) {
            const upTo = at + (parts[answered]?.length ?? 0)
            while (watched.atTarget.length < upTo) await turn()
            expect(watched.atTarget.length).toBe(upTo)
            watched.target(ZERO)
            answered++
            at = upTo
          }
          await given
        }
        expect(watched.violations).toEqual([])
        expect(watched.atTarget.equals(all)).toBe(true)
        expect(watched.guard.actions).toMatchObject([...meant(of, true)])
        expect(watched.guard.outcomes.size).toBe(watched.guard.actions.length)
      }),
      { numRuns: 40 },
    )
  })

  it('any tree that comes down', async () => {
    await fc.assert(
      fc.asyncProperty(tree, cuts, fc.boolean(), async (of, sizes, late) => {
        const watched = download({ evidence: 'before' })
        watched.guard.delayMs = late ? 0 : undefined
        const parts = [...told(of)]
        await watched.client(ZERO)
        let at = 0
        for (const part of parts) {
          watched.target(part, ...sizes)
          at += part.length
          while (watched.atClient.length < at) await turn()
          await watched.client(ZERO)
        }
        expect(watched.violations).toEqual([])
        expect(watched.atClient.equals(Buffer.concat(parts))).toBe(true)
        expect(watched.atTarget).toHaveLength(parts.length + 1)
        expect(watched.guard.actions).toMatchObject([...meant(of, false)])
        const files = [...watched.guard.outcomes.values()].filter(({ detail }) => detail !== undefined)
        const digests = [...meant(of, true)].filter(({ kind }) => kind === 'scp_close')
        expect(files).toMatchObject(digests.map(({ detail }) => ({ detail })))
      }),
      { numRuns: 40 },
    )
  })

  it('evidence before action: no line goes on before its file is recorded, in either direction', async () => {
    const up = upload({ evidence: 'before' })
    up.guard.delayMs = 5
    up.target(ZERO)
    const given = up.client(Buffer.from('C0644 1 f\n'))
    await turn()
    expect(up.guard.texts()).toEqual(['f'])
    expect(up.toTarget).toEqual([])
    up.transfer.close()
    await given
    expect(up.toTarget).toEqual([])
    const down = download({ evidence: 'before' })
    down.guard.delayMs = 5
    await down.client(ZERO)
    down.target(Buffer.from('C0644 1 f\n'))
    expect(down.guard.texts()).toEqual(['f'])
    expect(down.toClient).toEqual([])
    down.guard.end({ reason: 'revoked', text: '' })
    await new Promise(resolve => setTimeout(resolve, 10))
    expect(down.toClient).toEqual([])
  })

  it('attack 7: data behind a file that the target refused are read as lines, by it and by us', async () => {
    const watched = upload()
    watched.target(ZERO)
    const smuggled = 'C0644 4 evil\n'
    const given = watched.client(Buffer.from(`C0644 ${smuggled.length} refused\n${smuggled}evil\0`))
    await turn()
    watched.target(Buffer.from('\x01scp: refused: Permission denied\n'))
    await turn()
    expect(watched.guard.actions).toMatchObject([{ text: 'refused' }, { text: 'evil', detail: { size: 4 } }])
    expect(watched.guard.outcomes.get(1)).toMatchObject({
      error: { message: 'scp: refused: Permission denied' },
    })
    watched.target(ZERO)
    await turn()
    watched.target(ZERO)
    await given
    expect(watched.guard.actions.at(-1)).toMatchObject({
      kind: 'scp_close',
      detail: { sha256: sha256(Buffer.from('evil')) },
    })
  })

  it.each([
    ['a name with a slash', 'C0644 1 ../x\n'],
    ['the folder itself', 'D0755 0 .\n'],
    ['the folder above', 'D0755 0 ..\n'],
    ['a NUL, where a sink would end the name', 'C0644 1 a\0b\n'],
    ['no name', 'C0644 1 \n'],
    ['a size that is none', 'C0644 -1 a\n'],
    ['a size beyond numbers', 'C0644 99999999999999999999 a\n'],
    ['a mode that a sink reads otherwise', 'C00644 1 a\n'],
    ['a folder that ends before it began', 'E\n'],
    ['an end with something behind it', 'Ex\n'],
    ['a line longer than a sink reads at once', `C0644 1 ${'a'.repeat(1024)}\n`],
    ['a line without end', 'x'.repeat(1025)],
    ['something else', 'X\n'],
    ['an empty line', '\n'],
  ])('attack 13: %s ends the session, whoever says it', async (_what, line) => {
    for (const sizes of [[], [1]]) {
      const up = upload()
      up.target(ZERO)
      await up.client(Buffer.from(line), ...sizes)
      expect(up.violations).toHaveLength(1)
      expect(up.toTarget).toEqual([])
      const down = download()
      await down.client(ZERO)
      down.target(Buffer.from(line), ...sizes)
      expect(down.violations).toHaveLength(1)
      expect(down.toClient).toEqual([])
    }
  })

  it('attack 13: folders without end, a source that does not wait, a reply that nothing asked for', async () => {
    const deep = upload()
    deep.target(ZERO)
    for (let i = 0; i <= 1024; i++) {
      const given = deep.client(Buffer.from('D0755 0 d\n'))
      await Promise.resolve()
      await Promise.resolve()
      await Promise.resolve()
      if (i < 1024) deep.target(ZERO)
      await given
    }
    expect(deep.violations).toEqual(['scp folders nested too deep'])
    const hasty = download()
    await hasty.client(ZERO)
    hasty.target(Buffer.from('C0644 3 f\nabc'))
    expect(hasty.violations).toHaveLength(1)
    const held = download({ evidence: 'before' })
    held.guard.delayMs = 5
    await held.client(ZERO)
    held.target(Buffer.concat([Buffer.from('C0644 3 f\n'), Buffer.alloc(65_537)]))
    expect(held.violations).toHaveLength(1)
    const two = download({ evidence: 'before' })
    two.guard.delayMs = 5
    await two.client(ZERO)
    two.target(Buffer.from('C0644 0 a\nC0644 0 b\n'))
    expect(two.guard.texts()).toEqual(['a'])
    await new Promise(resolve => setTimeout(resolve, 15))
    expect(two.violations).toHaveLength(1)
    expect(two.guard.texts()).toEqual(['a'])
    const eager = download()
    await eager.client(Buffer.from([0, 0]))
    expect(eager.violations).toHaveLength(1)
    const odd = upload()
    odd.target(ZERO)
    odd.target(ZERO)
    expect(odd.violations).toHaveLength(1)
  })

  it('a login script that greets spoils scp, as it does without us, and lets nothing through', async () => {
    const watched = upload()
    watched.target(Buffer.from('Welcome to web-1\nand more\n'))
    await watched.client(Buffer.from('C0644 1 f\n'))
    expect(watched.atClient.toString()).toBe('Welcome to web-1\n')
    expect(watched.toTarget).toEqual([])
    expect(watched.swallowed).toBe('C0644 1 f\n'.length)
    expect(watched.guard.actions).toEqual([])
    expect(watched.violations).toEqual([])
  })

  it('a side that breaks off says so at any time: nothing goes on, and the session lives', async () => {
    const up = upload()
    up.target(ZERO)
    const given = up.client(Buffer.from('C0644 9 f\nhalf'))
    await turn()
    up.target(ZERO)
    await given
    up.target(Buffer.from('\x01scp: f: dropped connection\n'))
    up.transfer.close()
    expect(up.atClient.toString()).toContain('dropped connection')
    expect(up.guard.outcomes.get(1)).toMatchObject({ cut: true, bytes: 4 })
    const idle = upload()
    idle.target(ZERO)
    const folder = idle.client(Buffer.from('D0755 0 d\n'))
    await turn()
    idle.target(Buffer.from('\0\x01scp: lost connection\n'))
    await folder
    await idle.client(Buffer.from('C0644 1 f\n'))
    expect(idle.guard.texts()).toEqual(['d'])
    const down = download()
    await down.client(ZERO)
    down.target(Buffer.from('C0644 9 f\n'))
    await down.client(ZERO)
    down.target(Buffer.from('half'))
    await down.client(Buffer.from('\x01scp: lost connection\n'))
    down.target(Buffer.from('more'))
    expect(down.atClient.toString()).toBe('C0644 9 f\nhalf')
    for (const one of [up, idle, down]) expect(one.violations).toEqual([])
  })

  it('a sink that fails before the data are complete says so once: it is the answer to them', async () => {
    const watched = upload()
    watched.target(ZERO)
    const half = watched.client(Buffer.from('C0644 8 f\ndata'))
    await turn()
    watched.target(ZERO)
    await half
    watched.target(Buffer.from('\x01scp: f: truncate: No space left\n'))
    const given = watched.client(Buffer.from('rest\0C0644 0 g\n'))
    await turn()
    expect(watched.guard.texts()).toEqual(['f', 'f', 'g'])
    expect(watched.guard.outcomes.get(1)?.error?.message).toContain('No space left')
    watched.transfer.close()
    await given
  })

  it('a source that cannot read its file says so behind the data: the record has both', async () => {
    const watched = upload()
    watched.target(ZERO)
    const given = watched.client(Buffer.from('C0644 2 f\n\0\0\x01scp: f: Input/output error\n'))
    for (let i = 0; i < 2; i++) {
      await turn()
      watched.target(ZERO)
    }
    await given
    expect(watched.guard.actions[1]?.detail).toMatchObject({ error: 'scp: f: Input/output error' })
    expect(watched.guard.outcomes.get(1)).toMatchObject({ cut: false, error: { code: 'scp_error' } })
  })

  it('cut in the middle of a file: what went so far has a digest', async () => {
    const up = upload()
    up.target(ZERO)
    const given = up.client(Buffer.from('C0644 9 f\nhalf'))
    await turn()
    up.target(ZERO)
    await given
    up.transfer.close()
    expect(up.guard.outcomes.get(1)).toMatchObject({
      cut: true,
      bytes: 4,
      detail: { sha256: sha256(Buffer.from('half')) },
    })
    const down = download()
    await down.client(ZERO)
    down.target(Buffer.from('C0644 9 f\n'))
    down.transfer.close()
    expect(down.guard.outcomes.get(1)).toMatchObject({ cut: true, bytes: 0 })
  })

  it('refused: the client reads why, the target hears nothing', async () => {
    const up = upload({ refuse: ['file_writes'], procedure: 'look' })
    up.target(ZERO)
    await up.client(Buffer.from('C0644 1 f\nD0755 0 d\n'), 4)
    expect(up.toTarget).toEqual([])
    expect(up.swallowed).toBe('C0644 1 f\nD0755 0 d\n'.length)
    const [greeting, first, second] = up.toClient.map(String)
    expect(greeting).toBe('\0')
    expect(first).toContain(
      '\x01scp: breakglass refused copying a file to the target (procedure look, rule file_writes). ',
    )
    expect(second).toContain('\x01scp: breakglass refused copying a folder')
    up.full = true
    const waiting = up.client(Buffer.from('C0644 1 f\n'))
    await turn()
    expect(up.toClient).toHaveLength(3)
    up.drain()
    await waiting
    expect(up.toClient).toHaveLength(4)
    const down = download({ refuse: ['file_transfer'] })
    down.full = true
    await down.client(ZERO)
    down.target(Buffer.from('C0644 1 f\n'))
    await down.client(ZERO)
    down.drain()
    expect(down.atClient.toString()).toContain('\x02scp: breakglass refused')
    expect(down.atTarget).toEqual(ZERO)
  })
})
