import { describe, expect, it } from 'vitest'
import {
  walkCuts,
  type Walked,
  walkFailures,
  walkFull,
  walkKills,
  type WalkOptions,
  walkRecoveries,
  WHOLE,
} from './crash-walks.suite.ts'
import type { DiskFile } from './disk.ts'
import type { FileSystem } from './durable-disk.ts'

/** A frame or two per life, no full tile: small, so that all of it can be walked here. The soak walks a large one. */
const SMALL = { calls: 2, entries: 3, text: 60, signEveryMs: 0 }
const TINY = { calls: 1, entries: 1, text: 10, signEveryMs: 0 }

function expectKept(name: string, walked: Walked): void {
  console.log(
    `${name}: ${walked.points} crash points, ${walked.outcomes} outcomes, ${walked.judged} starts on distinct media`,
  )
  expect(walked.wrong).toEqual([])
}

describe('a simulated power cut', () => {
  it('before any operation of a log, with whatever survives, breaks no promise', async () => {
    const walked = await walkCuts(SMALL, 2)
    expect(walked.points).toBeGreaterThan(80)
    expectKept('cuts', walked)
  })

  it('during recovery, and during the recovery from that, breaks none either', async () => {
    const walked = await walkRecoveries(SMALL, 3, 2)
    expect(walked.points).toBeGreaterThan(50)
    expectKept('cuts of recoveries', walked)
  })
})

describe('a simulated kill', () => {
  it('before any operation, and a power cut after the start that follows, breaks no promise', async () => {
    expectKept('kills', await walkKills(SMALL))
  })
})

describe('a simulated disk', () => {
  it('on which any operation fails with EIO and pages look written breaks no promise', async () => {
    expectKept('EIO', await walkFailures(SMALL))
  })

  it('that is full from any operation on breaks none either', async () => {
    const walked = await walkFull(SMALL)
    expect(walked.points).toBeGreaterThan(20)
    expectKept('ENOSPC', walked)
  })
})

/** The same file system with other files: `change` answers with what is different about one. */
function withFiles(
  files: FileSystem,
  change: (file: DiskFile, path: string) => Partial<DiskFile>,
): FileSystem {
  const other = (file: DiskFile, path: string): DiskFile => ({ ...file, ...change(file, path) })
  return {
    open: async path => {
      const file = await files.open(path)
      return file && other(file, path)
    },
    create: async path => other(await files.create(path), path),
    read: path => files.read(path),
    list: folder => files.list(folder),
    rename: (from, to) => files.rename(from, to),
    unlink: path => files.unlink(path),
    makeFolder: path => files.makeFolder(path),
    syncFolder: path => files.syncFolder(path),
  }
}

/** A walk over something broken, which ends when it has found it. */
function broken(under: WalkOptions['under']): WalkOptions {
  return { ...WHOLE, under, untilWrong: true }
}

describe('the walk finds', () => {
  it('a sync that does nothing', async () => {
    const { wrong } = await walkCuts(
      TINY,
      0,
      broken(files => withFiles(files, () => ({ sync: () => Promise.resolve() }))),
    )
    expect(wrong).not.toEqual([])
  })

  it('a frame that is acknowledged and signed before its sync is done', async () => {
    const { wrong } = await walkCuts(
      SMALL,
      0,
      broken(files =>
        withFiles(files, (file, path) => {
          let owed: Promise<void> = Promise.resolve()
          if (!path.endsWith('.seg')) return {}
          return {
            sync: async () => {
              await owed
              owed = new Promise(resolve => setImmediate(resolve)).then(() => file.sync())
            },
          }
        }),
      ),
    )
    expect(wrong).not.toEqual([])
  })

  it('a file whose name is never synced', async () => {
    const { wrong } = await walkCuts(
      SMALL,
      0,
      broken(files => ({
        ...withFiles(files, () => ({})),
        syncFolder: () => Promise.resolve(),
      })),
    )
    expect(wrong).not.toEqual([])
  })

  it('a folder that is believed to last because it is there', async () => {
    const { wrong } = await walkKills(
      SMALL,
      broken(files => {
        const made = new Set<string>()
        return {
          ...withFiles(files, () => ({})),
          makeFolder: async path => {
            const first = await files.makeFolder(path)
            if (first !== undefined) made.add(first)
            return first
          },
          syncFolder: async path => {
            if (made.size > 0) await files.syncFolder(path)
          },
        }
      }),
    )
    expect(wrong).not.toEqual([])
  })

  it('an fsync error that is passed over', async () => {
    const { wrong } = await walkFailures(
      SMALL,
      broken(files => withFiles(files, file => ({ sync: () => file.sync().catch(() => undefined) }))),
    )
    expect(wrong).not.toEqual([])
  })

  it('a recovery that believes the page cache', async () => {
    const { wrong } = await walkFailures(
      SMALL,
      broken(files =>
        withFiles(files, file => ({
          write: async (offset, bytes) => {
            const there = await file.read(offset, bytes.length)
            if (!there.equals(bytes)) await file.write(offset, bytes)
          },
        })),
      ),
    )
    expect(wrong).not.toEqual([])
  })
})
