import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { acknowledged, APPENDER, isBuilt } from '../../src/ledger/appender.suite.ts'
import { type Scratch, scratchLog } from '../../src/ledger/scratch-log.suite.ts'

const LOGS = 10
const ROUNDS = 20

interface Life {
  /** Lines that reached the pipe in whole. */
  readonly said: string
  /** From the start of the process to its first word, ms; undefined when it was killed before. */
  readonly first: number | undefined
}

/** A real process that appends and publishes, killed `ms` after it was started, or after its first word. */
async function live(folder: string, since: 'start' | 'first word', ms: number): Promise<Life> {
  const from = performance.now()
  const child = spawn(process.execPath, ['--input-type=module', '-e', APPENDER, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  let first: number | undefined
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    first ??= performance.now() - from
    said += text
  })
  const closed = once(child, 'close')
  if (since === 'first word') await once(child.stdout, 'data')
  await new Promise(resolve => setTimeout(resolve, ms))
  child.kill('SIGKILL')
  await closed
  return { said: said.slice(0, said.lastIndexOf('\n') + 1), first }
}

/** How many of what was acknowledged are not there, or other than they were. */
async function lostOf(scratch: Scratch, told: ReturnType<typeof acknowledged>): Promise<number> {
  const log = await scratch.open()
  const hashes: string[] = []
  for await (const { leafHash } of log.entries(0)) hashes.push(leafHash.toString('hex'))
  await log.close()
  return told.filter(
    ({ index, hash }) => index >= hashes.length || (hash !== undefined && hashes[index] !== hash),
  ).length
}

describe.skipIf(!isBuilt)('kill -9', () => {
  it(`${LOGS * ROUNDS} times, at random moments of start, work and publishing, loses nothing`, async () => {
    let count = 0
    let lost = 0
    let early = 0
    for (let n = 0; n < LOGS; n += 1) {
      const scratch = await scratchLog()
      const told: ReturnType<typeof acknowledged> = []
      let start = 0
      for (let round = 0; round < ROUNDS; round += 1) {
        // Every third is killed while it starts: it loads, recovers, and makes good what the one before left.
        const life =
          round % 3 === 2
            ? await live(scratch.folder, 'start', start * (0.5 + 0.6 * Math.random()))
            : await live(scratch.folder, 'first word', 300 * Math.random())
        told.push(...acknowledged(life.said))
        start = life.first ?? start
        if (life.first === undefined) early += 1
      }
      count += told.length
      lost += await lostOf(scratch, told)
      expect((await scratch.verify()).findings).toEqual([])
      await scratch.remove()
    }
    console.log(
      `${LOGS * ROUNDS} rounds, ${early} before the first acknowledgement, ${count} acknowledged, ${lost} lost`,
    )
    expect(lost).toBe(0)
    expect(early).toBeGreaterThan(5)
    expect(count).toBeGreaterThan(10_000)
  })
})
