import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { acknowledged, APPENDER, isBuilt } from './appender.suite.ts'
import { scratchLog, type Scratch } from './scratch-log.suite.ts'

let scratch: Scratch

beforeEach(async () => {
  scratch = await scratchLog()
})
afterEach(() => scratch.remove())

async function expectAllThere(output: string): Promise<void> {
  const log = await scratch.open()
  for (const { index, hash } of acknowledged(output)) {
    const entry = await log.read(index)
    expect(entry.type).toBe('action')
    if (hash !== undefined) expect(entry.leafHash.toString('hex')).toBe(hash)
  }
  await log.repaired()
  await log.close()
  expect((await scratch.verify()).findings).toEqual([])
}

describe.skipIf(!isBuilt)('kill -9', () => {
  it('at any moment loses nothing that was acknowledged, start after start', async () => {
    let output = ''
    let count = 0
    for (const life of [40, 90, 150, 220]) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', APPENDER, scratch.folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
      await once(child.stdout, 'data')
      await new Promise(resolve => setTimeout(resolve, life))
      child.kill('SIGKILL')
      await once(child, 'close')
      output = output.slice(0, output.lastIndexOf('\n') + 1)
      await expectAllThere(output)
      expect(acknowledged(output).length).toBeGreaterThan(count)
      count = acknowledged(output).length
    }
  })
})

const canTrace =
  spawnSync('strace', ['-f', '-e', 'inject=fdatasync:error=EIO:when=9999', 'true']).status === 0

describe.skipIf(!isBuilt || !canTrace)('an fsync that fails with EIO', () => {
  it('stops the log for good: nothing after it is acknowledged, everything before it is there', async () => {
    // One thread, so that strace, which counts calls per thread, fails the 40th and all later ones.
    const { stdout, status } = spawnSync(
      'strace',
      [
        '-f',
        '-o',
        '/dev/null',
        '-e',
        'trace=fdatasync',
        '-e',
        'inject=fdatasync:error=EIO:when=40+',
        process.execPath,
        '--input-type=module',
        '-e',
        APPENDER,
        scratch.folder,
      ],
      { encoding: 'utf8', env: { ...process.env, UV_THREADPOOL_SIZE: '1' } },
    )
    expect(status).toBe(0)
    expect(stdout).toContain('trouble failed')
    expect(stdout).toContain('ends ledger.failed ledger.failed ledger.failed ledger.failed')
    expect(stdout).toContain('refused ledger.failed')
    expect(acknowledged(stdout).length).toBeGreaterThan(5)
    await expectAllThere(stdout)
  })
})

/** A real small file system; undefined where this process may not mount one. */
async function smallDisk(bytes: number): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'bg-small-'))
  const mounted =
    spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'breakglass-test', folder]).status === 0
  if (mounted) return folder
  await rm(folder, { recursive: true })
  return undefined
}

const probe = await smallDisk(1_000_000)
if (probe !== undefined) {
  execFileSync('umount', [probe])
  await rm(probe, { recursive: true })
}

describe.skipIf(probe === undefined)('attack 8: a disk that fills up', () => {
  let folder: string
  let small: Scratch

  beforeEach(async () => {
    folder = (await smallDisk(1_500_000)) as string
    await mkdir(folder, { recursive: true })
    small = await scratchLog(folder)
  })
  afterEach(async () => {
    execFileSync('umount', [folder])
    await rm(folder, { recursive: true })
  })

  const note = (n: number) => ({ type: 'action', src: 's_1', data: { n, text: 'x'.repeat(1500) } })

  it('refuses new entries, still records ends from the reserve, and goes on when space returns', async () => {
    await writeFile(join(folder, 'ballast'), Buffer.alloc(800_000))
    const log = await small.open()
    const troubles: (string | undefined)[] = []
    log.onTrouble(trouble => troubles.push(trouble))
    const indices: number[] = []
    await expect(
      (async () => {
        for (let n = 0; n < 2000; n += 1)
          indices.push((await log.append([note(n)]).durable())[0]?.index ?? -1)
      })(),
    ).rejects.toMatchObject({ code: 'ledger.full' })
    expect(log.trouble).toBe('full')
    expect(log.length).toBe(indices.length + 1)
    expect(() => log.append([note(-1)])).toThrow(expect.objectContaining({ code: 'ledger.full' }))

    const ended = log.append([{ type: 'session.closed', src: 's_1', data: {} }], { reserve: true })
    expect(ended.entries[0]?.sseq).toBe(indices.length)
    await expect(ended.signed()).resolves.toHaveLength(1)

    const freed = new Promise<void>(resolve =>
      log.onTrouble(trouble => (trouble === undefined ? resolve() : undefined)),
    )
    await rm(join(folder, 'ballast'))
    await freed
    const { type, data } = note(-2)
    indices.push((await log.append([{ type, src: 's_2', data }]).durable())[0]?.index ?? -1)
    expect(troubles).toEqual(['full', undefined])
    for (const [n, index] of indices.slice(0, -1).entries()) expect((await log.read(index)).data['n']).toBe(n)
    await log.close()
    expect((await small.verify()).findings).toEqual([])
  })

  it('refuses what was queued behind a refused entry, and leaves no gap', async () => {
    await writeFile(join(folder, 'ballast'), Buffer.alloc(800_000))
    const log = await small.open()
    const results = await Promise.allSettled(
      Array.from({ length: 600 }, async (_, n) => (await log.append([note(n)]).durable())[0]),
    )
    const written = results.filter(result => result.status === 'fulfilled').length
    expect(written).toBeGreaterThan(10)
    expect(written).toBeLessThan(600)
    // All that were written come before all that were not: no place was lost in between.
    expect(results.slice(0, written).every(result => result.status === 'fulfilled')).toBe(true)
    expect(log.length).toBe(written + 1)
    await log.close()
    await rm(join(folder, 'ballast'))
    const again = await small.open()
    await again.append([note(1)]).signed()
    await again.close()
    expect((await small.verify()).findings).toEqual([])
  })

  it('opens although it is full, and says so when something is to be written', async () => {
    await writeFile(join(folder, 'ballast'), Buffer.alloc(800_000))
    const log = await small.open()
    await expect(
      (async () => {
        for (let n = 0; n < 2000; n += 1) await log.append([note(n)]).durable()
      })(),
    ).rejects.toMatchObject({ code: 'ledger.full' })
    await log.close()
    const again = await small.open()
    expect(again.length).toBeGreaterThan(log.length - 1)
    await expect(
      again.append([{ type: 'session.closed', src: 's_1', data: {} }], { reserve: true }).signed(),
    ).resolves.toHaveLength(1)
    await again.close()
  })
})
