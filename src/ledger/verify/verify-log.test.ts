import { cp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeDisk } from '../../store/file/node-disk.ts'
import { fill, scratchLog, type Scratch, VKEY } from '../scratch-log.suite.ts'
import { noteSigner } from '../note/note.ts'
import { verifyLog } from './verify-log.ts'

let scratch: Scratch
let files: string[]

beforeAll(async () => {
  scratch = await scratchLog()
  const log = await scratch.open()
  await fill(log, 290)
  await log.close()
  files = (await readdir(scratch.folder, { recursive: true, withFileTypes: true }))
    .filter(one => one.isFile())
    .map(one => join(one.parentPath, one.name))
})
afterAll(() => scratch.remove())

const nameOf = (file: string): string =>
  file.slice(file.startsWith(scratch.signer) ? scratch.folder.length + 1 : scratch.log.length + 1)

/** Changes a file for the time of `check`. */
async function changed(
  file: string,
  change: (bytes: Buffer) => Buffer,
  check: () => Promise<void>,
): Promise<void> {
  const whole = await readFile(file)
  await writeFile(file, change(Buffer.from(whole)))
  try {
    await check()
  } finally {
    await writeFile(file, whole)
  }
}

describe('verifyLog', () => {
  it('finds nothing in a whole log, and gives its size and root', async () => {
    expect(files.map(nameOf).sort()).toEqual([
      'checkpoint',
      'clean-stop',
      'segments/00000000.seg',
      'segments/00000001.seg',
      'segments/00000002.seg',
      'signer/memory',
      'snapshot',
      'tile/0/000',
      'tile/0/001.p/35',
      'tile/1/000.p/1',
      'tile/entries/000',
      'tile/entries/001.p/35',
    ])
    const { size, root, findings } = await scratch.verify()
    expect(findings).toEqual([])
    const log = await scratch.open()
    expect({ size, root }).toEqual({ size: log.head().size, root: log.head().root })
    await log.close()
  })

  it('requirement 19: one flipped byte in any file is reported with that file', async () => {
    let flips = 0
    for (const file of files) {
      const { length } = await readFile(file)
      const step = Math.max(1, Math.floor(length / 14))
      for (let at = flips % step; at < length; at += step) {
        await changed(
          file,
          bytes => {
            bytes[at] = (bytes[at] ?? 0) ^ (1 << (flips % 8))
            return bytes
          },
          async () => {
            const { findings } = await scratch.verify()
            expect(
              findings.map(finding => finding.file),
              `${nameOf(file)} byte ${at}`,
            ).toContain(nameOf(file))
          },
        )
        flips += 1
      }
    }
    expect(flips).toBeGreaterThan(140)
  })

  it('names the very entry that a flipped byte in a segment or bundle hit', async () => {
    for (const name of ['segments/00000000.seg', 'segments/00000001.seg', 'tile/entries/000']) {
      const file = join(scratch.log, name)
      const whole = await readFile(file)
      for (const n of [7, 80, 133, 250]) {
        const at = whole.indexOf(`"data":{"n":${n}}`)
        if (at < 0) continue
        await changed(
          file,
          bytes => {
            bytes[at + 2] = 0x58
            return bytes
          },
          async () => {
            const { findings } = await scratch.verify()
            expect(findings).toContainEqual(expect.objectContaining({ file: name, index: n + 1 }))
          },
        )
      }
    }
  })

  it.each([
    ['a segment', 'segments/00000000.seg'],
    ['a full tile', 'tile/0/000'],
    ['a partial tile', 'tile/0/001.p/35'],
    ['a bundle', 'tile/entries/000'],
    ['the checkpoint', 'checkpoint'],
  ])('misses %s that was removed', async (_what, name) => {
    const file = join(scratch.log, name)
    const whole = await readFile(file)
    await rm(file)
    try {
      expect((await scratch.verify()).findings.map(finding => finding.file)).toContain(name)
    } finally {
      await writeFile(file, whole)
    }
  })

  it('reports a file that does not belong, and a tile of another place', async () => {
    await writeFile(join(scratch.log, 'extra'), 'x')
    await cp(join(scratch.log, 'tile/0/000'), join(scratch.log, 'tile/0/005'))
    try {
      const found = (await scratch.verify()).findings.map(finding => finding.file)
      expect(found).toEqual(['extra', 'tile/0/005'])
    } finally {
      await rm(join(scratch.log, 'extra'))
      await rm(join(scratch.log, 'tile/0/005'))
    }
  })

  it('reports a truncated segment with the first entry that is gone', async () => {
    const file = join(scratch.log, 'segments/00000000.seg')
    const whole = await readFile(file)
    await truncate(file, 20_000)
    try {
      const { findings } = await scratch.verify()
      expect(findings[0]).toMatchObject({ file: 'segments/00000000.seg' })
      expect(findings[0]?.index).toBeGreaterThan(20)
      expect(findings[0]?.index).toBeLessThan(80)
    } finally {
      await writeFile(file, whole)
    }
  })

  it('trusts only the key it was given', async () => {
    const stranger = noteSigner('log.example/control', Buffer.alloc(32, 8)).vkey
    const { findings } = await verifyLog({
      disk: scratch.disk,
      vkey: stranger,
      signer: nodeDisk(scratch.signer),
    })
    expect(findings.map(finding => finding.file)).toContain('checkpoint')
    await expect(verifyLog({ disk: scratch.disk, vkey: `${VKEY}x` })).rejects.toThrow(TypeError)
  })
})
