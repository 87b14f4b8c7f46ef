import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RecordingGuard } from '../../../src/target/recording-guard.suite.ts'
import { TransferRig, transfersPossible } from './transfer-rig.ts'

const PARAMIKO = '/usr/lib/python3/dist-packages/paramiko'

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Bytes of which no two stretches are alike. */
function content(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE((at * 2654435761 + seed) >>> 0, at)
  return bytes
}

/** The facts of all actions of a kind, by the last name of their path. */
function told(guard: RecordingGuard, kind: string): Record<string, unknown> {
  const found = guard.actions.filter(action => action.kind === kind)
  return Object.fromEntries(found.map(({ text, detail }) => [text?.split('/').at(-1), detail]))
}

function refusedBy(guard: RecordingGuard): string[] {
  return guard.actions.flatMap(({ kind, objections }) => objections.map(({ rule }) => `${kind} ${rule}`))
}

let rig: TransferRig
let folder: string
let at: (name: string) => string
let count = 0

beforeAll(async () => {
  rig = await TransferRig.start()
})
beforeEach(() => {
  folder = `case${++count}`
  at = name => join(rig.folder, folder, name)
  mkdirSync(join(rig.folder, folder, 'srv'), { recursive: true })
})
afterEach(() => rig.mustBeSettled())
afterAll(() => rig.stop())

describe.skipIf(!transfersPossible)('sftp of OpenSSH behind the watcher', () => {
  it.each([0, 1, 32_768, 300_001])('put and get of %i bytes, with the digests of the files', async size => {
    const guard = rig.under({ evidence: 'before' }, 1)
    const bytes = content(size)
    writeFileSync(at('up'), bytes)
    expect(
      await rig.sftp([`put ${folder}/up ${folder}/srv/f`, `get ${folder}/srv/f ${folder}/down`]),
    ).toMatchObject({
      code: 0,
    })
    expect(readFileSync(at('srv/f')).equals(bytes)).toBe(true)
    expect(readFileSync(at('down')).equals(bytes)).toBe(true)
    const [wrote, read] = guard.actions.filter(({ kind }) => kind === 'sftp_close')
    expect(wrote?.detail).toEqual({
      opened: expect.any(Number) as number,
      ...(size > 0 && { written: size, writtenSha256: sha256(bytes) }),
    })
    expect(wrote?.durable).toBe(size > 0 ? true : undefined)
    expect(read?.detail).toEqual({
      opened: expect.any(Number) as number,
      ...(size > 0 && { read: size, readSha256: sha256(bytes) }),
    })
    expect(guard.outcomes.get(Number(read?.detail?.opened))).toMatchObject({ bytes: size, cut: false })
  })

  it('trees, both ways: every file by its own digest', async () => {
    const guard = rig.under({ evidence: 'before' }, 1)
    const names = Array.from({ length: 12 }, (_, i) => (i % 3 === 0 ? `a/b/f${i}` : `a/f${i}`))
    mkdirSync(at('tree/a/b'), { recursive: true })
    for (const [i, name] of names.entries()) writeFileSync(at(`tree/${name}`), content(i * 7000, i))
    const ran = await rig.sftp([
      `put -R ${folder}/tree ${folder}/srv`,
      `get -R ${folder}/srv/tree ${folder}/back`,
      `ls -l ${folder}/srv/tree/a`,
    ])
    expect(ran).toMatchObject({ code: 0 })
    const closes = guard.actions.filter(({ kind }) => kind === 'sftp_close')
    for (const name of names) {
      const bytes = readFileSync(at(`tree/${name}`))
      expect(readFileSync(at(`back/${name}`)).equals(bytes)).toBe(true)
      if (bytes.length === 0) continue
      const both = closes
        .filter(({ text }) => text?.endsWith(`/srv/tree/${name}`))
        .map(({ detail }) => detail)
      expect(both).toMatchObject([{ writtenSha256: sha256(bytes) }, { readSha256: sha256(bytes) }])
    }
    const lists = guard.actions.findLastIndex(({ kind }) => kind === 'sftp_list')
    // Eight files, the folder, itself and the one above.
    expect(guard.outcomes.get(lists + 1)).toMatchObject({ rows: 11, cut: false })
  })

  it('an upload and a download that are resumed: the digest is of the rest, and says where', async () => {
    const guard = rig.under({})
    const bytes = content(200_000)
    writeFileSync(at('up'), bytes)
    writeFileSync(at('srv/up'), bytes)
    truncateSync(at('srv/up'), 70_001)
    writeFileSync(at('down'), bytes.subarray(0, 50_000))
    const ran = await rig.sftp([
      `reput ${folder}/up ${folder}/srv/up`,
      `reget ${folder}/srv/up ${folder}/down`,
    ])
    expect(ran).toMatchObject({ code: 0 })
    expect(readFileSync(at('srv/up')).equals(bytes)).toBe(true)
    const closes = guard.actions.filter(({ kind }) => kind === 'sftp_close').map(({ detail }) => detail)
    expect(closes).toMatchObject([
      { written: 129_999, writtenAppended: true, writtenSha256: sha256(bytes.subarray(70_001)) },
      { read: 150_000, readFrom: 50_000, readSha256: sha256(bytes.subarray(50_000)) },
    ])
  })

  it('what else a client may ask for: each by its name', async () => {
    const guard = rig.under({})
    writeFileSync(at('srv/a'), 'content')
    const srv = `${folder}/srv`
    const ran = await rig.sftp([
      `mkdir ${srv}/d`,
      `rename ${srv}/a ${srv}/d/b`,
      `chmod 600 ${srv}/d/b`,
      `ln -s b ${srv}/d/soft`,
      `ln ${srv}/d/b ${srv}/d/hard`,
      `cp ${srv}/d/b ${srv}/d/copy`,
      `df ${srv}`,
      `rm ${srv}/d/hard`,
      `rm ${srv}/d/soft`,
      `rm ${srv}/d/copy`,
      `rm ${srv}/d/b`,
      `rmdir ${srv}/d`,
    ])
    expect(ran).toMatchObject({ code: 0 })
    const verbs = new Set(guard.actions.flatMap(action => action.verbs))
    for (const verb of [
      'mkdir',
      'posix-rename',
      'setstat',
      'symlink',
      'link',
      'copy-data',
      'statvfs',
      'remove',
      'rmdir',
    ])
      expect(verbs).toContain(verb)
    expect(told(guard, 'sftp_symlink')).toMatchObject({ soft: { first: 'b' } })
    expect(told(guard, 'sftp_setstat')).toMatchObject({ b: { mode: '0600' } })
    expect(told(guard, 'sftp_close')).toMatchObject({ copy: { opened: expect.any(Number) as number } })
    expect(existsSync(at('srv/d'))).toBe(false)
  })

  it('files refused to be written: nothing changes, reading goes on', async () => {
    const guard = rig.under({ refuse: ['file_writes'], procedure: 'look' }, 1)
    const bytes = content(100_000)
    writeFileSync(at('up'), bytes)
    writeFileSync(at('srv/kept'), bytes)
    const srv = `${folder}/srv`
    const ran = await rig.sftp([
      `-put ${folder}/up ${srv}/new`,
      `-put ${folder}/up ${srv}/kept`,
      `-rm ${srv}/kept`,
      `-rename ${srv}/kept ${srv}/moved`,
      `-chmod 600 ${srv}/kept`,
      `-mkdir ${srv}/d`,
      `get ${srv}/kept ${folder}/down`,
    ])
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.out).toContain('Permission denied')
    expect(existsSync(at('srv/new'))).toBe(false)
    expect(existsSync(at('srv/d'))).toBe(false)
    expect(statSync(at('srv/kept')).mode & 0o777).toBe(0o644)
    expect(readFileSync(at('down')).equals(bytes)).toBe(true)
    expect(new Set(refusedBy(guard))).toEqual(
      new Set(['open', 'remove', 'rename', 'setstat', 'mkdir'].map(what => `sftp_${what} file_writes`)),
    )
  })

  it.each([
    ['file_reads', ['sftp_open file_reads']],
    ['file_transfer', ['sftp_stat file_transfer']],
  ])('%s: a file does not come', async (rule, refused) => {
    const guard = rig.under({ refuse: [rule] })
    writeFileSync(at('srv/a'), 'secret')
    const ran = await rig.sftp([`get ${folder}/srv/a ${folder}/down`])
    expect(ran.code).not.toBe(0)
    expect(existsSync(at('down'))).toBe(false)
    expect(refusedBy(guard)).toEqual(expect.arrayContaining(refused))
  })
})

describe.skipIf(!transfersPossible)('scp of OpenSSH behind the watcher', () => {
  it('by sftp, as it does by itself', async () => {
    const guard = rig.under({ evidence: 'before' }, 1)
    const bytes = content(500_000)
    writeFileSync(at('up'), bytes)
    expect(await rig.scp([at('up'), `host:${at('srv/f')}`])).toMatchObject({ code: 0 })
    expect(await rig.scp(['-p', `host:${at('srv/f')}`, at('down')])).toMatchObject({ code: 0 })
    expect(readFileSync(at('down')).equals(bytes)).toBe(true)
    const closes = guard.actions.filter(({ kind }) => kind === 'sftp_close').map(({ detail }) => detail)
    expect(closes).toMatchObject([{ writtenSha256: sha256(bytes) }, { readSha256: sha256(bytes) }])
  })

  it.each([0, 1, 16_384, 300_001])('by its old protocol, %i bytes both ways', async size => {
    const guard = rig.under({ evidence: 'before' }, 1)
    const bytes = content(size)
    writeFileSync(at('up'), bytes)
    expect(await rig.scp(['-O', '-p', at('up'), `host:${at('srv/f')}`])).toMatchObject({ code: 0 })
    expect(await rig.scp(['-O', '-p', `host:${at('srv/f')}`, at('down')])).toMatchObject({ code: 0 })
    expect(readFileSync(at('srv/f')).equals(bytes)).toBe(true)
    expect(readFileSync(at('down')).equals(bytes)).toBe(true)
    expect(guard.actions).toMatchObject([
      { kind: 'scp_write', writes: true, text: 'up', detail: { size } },
      { kind: 'scp_close', durable: true, detail: { opened: 1, bytes: size, sha256: sha256(bytes) } },
      { kind: 'scp_read', writes: false, text: 'f', detail: { size } },
    ])
    expect(guard.outcomes.get(3)).toMatchObject({
      bytes: size,
      cut: false,
      detail: { sha256: sha256(bytes) },
    })
  })

  it('trees by its old protocol', async () => {
    const guard = rig.under({ evidence: 'before' }, 1)
    mkdirSync(at('tree/a/b'), { recursive: true })
    const names = ['x', 'a/y', 'a/b/z', 'a/with space']
    for (const [i, name] of names.entries()) writeFileSync(at(`tree/${name}`), content(i * 9000, i))
    expect(await rig.scp(['-O', '-r', at('tree'), `host:${at('srv')}`])).toMatchObject({ code: 0 })
    expect(await rig.scp(['-O', '-r', '-p', `host:${at('srv/tree')}`, at('back')])).toMatchObject({ code: 0 })
    for (const name of names) {
      const bytes = readFileSync(at(`tree/${name}`))
      expect(readFileSync(at(`back/${name}`)).equals(bytes)).toBe(true)
      const close = guard.actions.find(({ kind, text }) => kind === 'scp_close' && text === `tree/${name}`)
      expect(close?.detail).toMatchObject({ sha256: sha256(bytes) })
    }
    expect(guard.texts('scp_mkdir')).toEqual(expect.arrayContaining(['tree', 'tree/a', 'tree/a/b']))
    expect(guard.texts('scp_list')).toEqual(expect.arrayContaining(['tree', 'tree/a', 'tree/a/b']))
  })

  it('a file that cannot be written, and one that cannot be read: the error is the outcome, the others go on', async () => {
    const guard = rig.under({})
    writeFileSync(at('one'), 'one')
    writeFileSync(at('two'), 'two')
    // A folder stands where the file would be.
    mkdirSync(at('srv/one'))
    const ran = await rig.scp(['-O', at('one'), at('two'), `host:${at('srv')}`])
    expect(ran.code).toBe(1)
    expect(readFileSync(at('srv/two'), 'utf8')).toBe('two')
    expect(guard.about('one').outcome?.error?.code).toBe('scp_error')
    expect(guard.about('two').outcome?.error).toBeUndefined()
    const missing = await rig.scp(['-O', `host:${at('srv/none')}`, at('down')])
    expect(missing.out).toContain('No such file')
  })

  it('refused: nothing goes, and the person reads why', async () => {
    const guard = rig.under({ refuse: ['file_writes'], procedure: 'look' })
    mkdirSync(at('tree'))
    writeFileSync(at('tree/one'), 'one')
    const ran = await rig.scp(['-O', '-r', at('tree'), `host:${at('srv')}`])
    expect(ran.code).toBe(1)
    expect(ran.out).toContain(
      'breakglass refused copying a folder to the target (procedure look, rule file_writes)',
    )
    expect(existsSync(at('srv/tree'))).toBe(false)
    expect(refusedBy(guard)).toEqual(['scp_mkdir file_writes'])
    rig.under({ refuse: ['file_reads'] })
    const read = await rig.scp(['-O', `host:${at('tree/one')}`, at('down')])
    expect(read.code).toBe(1)
    expect(read.out).toContain('breakglass refused copying a file from the target')
    expect(existsSync(at('down'))).toBe(false)
  })
})

describe.skipIf(!transfersPossible || !existsSync(PARAMIKO))('paramiko behind the watcher', () => {
  const run = () =>
    rig.run('/usr/bin/python3', [
      join(import.meta.dirname, 'paramiko-transfers.py'),
      String(rig.port),
      at('srv'),
    ])

  it('thousands of reads at once, scattered reads, appends, a late request', async () => {
    const guard = rig.under({ evidence: 'before' }, 1)
    const ran = await run()
    expect(ran.out.trim().split('\n').at(-1)).toBe(
      '{"same": true, "log": "one\\ntwo\\nthree\\n", "missing": "[Errno 2] No such file", "chmod": "done"}',
    )
    const data = Buffer.alloc(640_000, Buffer.from(Array.from({ length: 256 }, (_, i) => i)))
    const facts = guard.actions.filter(({ kind }) => kind === 'sftp_close').map(({ detail }) => detail)
    expect(facts.slice(0, 5)).toMatchObject([
      { written: 640_000, writtenSha256: sha256(data) },
      { read: 640_000, readSha256: sha256(data) },
      { readScattered: true },
      { written: 4 },
      { written: 10, writtenSha256: sha256(Buffer.from('two\nthree\n')) },
    ])
    expect(statSync(at('srv/log')).mode & 0o777).toBe(0o600)
  })

  it('reads the refusal in words', async () => {
    rig.under({ refuse: ['file_attributes'], procedure: 'fix' })
    const ran = await run()
    expect(ran.out).toContain(
      'breakglass refused changing attributes of a file (procedure fix, rule file_attributes). Ask for a scope that permits changing attributes; leave out -p.',
    )
  })
})
