import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { DigestThread } from './digest-thread.ts'
import { prepareDigests, RunningDigest } from './running-digest.ts'
import { until } from '../../../test/support/wait.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

async function started(thread: DigestThread): Promise<DigestThread> {
  await until(() => thread.ready || thread.broken)
  return thread
}

describe('a running digest', () => {
  it('is that of all bytes so far, before its thread has started too', () => {
    const digest = new RunningDigest()
    expect(digest.told()).toBe(sha256(Buffer.alloc(0)))
    const all = Buffer.alloc(300_000, 'x')
    digest.update(all.subarray(0, 100))
    expect(digest.told()).toBe(sha256(all.subarray(0, 100)))
    digest.update(all.subarray(100))
    expect(digest.told()).toBe(sha256(all))
    expect(digest.length).toBe(all.length)
  })

  describe('of much', () => {
    beforeAll(async () => {
      prepareDigests()
      await started(new DigestThread())
    })

    it('is the same whatever pieces it came in, while others are made', () => {
      const piece = fc.record({
        of: fc.nat(2),
        length: fc.oneof(fc.nat(100), fc.nat(200_000)),
        tell: fc.boolean(),
      })
      fc.assert(
        fc.property(fc.array(piece, { minLength: 1, maxLength: 30 }), fc.nat(255), (pieces, fill) => {
          const digests = [0, 1, 2].map(() => new RunningDigest())
          const oracles = digests.map(() => createHash('sha256'))
          for (const [at, { of, length, tell }] of pieces.entries()) {
            const bytes = Buffer.alloc(length, `${fill} ${at}`)
            digests[of]?.update(bytes)
            oracles[of]?.update(bytes)
            // What was handed over is not looked at again.
            bytes.fill(0)
            if (tell) expect(digests[of]?.told()).toBe(oracles[of]?.copy().digest('hex'))
          }
          expect(digests.map(digest => digest.told())).toEqual(oracles.map(oracle => oracle.digest('hex')))
        }),
        { numRuns: 40 },
      )
    })

    it('waits for its thread when much more comes than is made', () => {
      const digest = new RunningDigest()
      const bytes = Buffer.alloc(1024 * 1024, 'much')
      const oracle = createHash('sha256')
      for (let round = 0; round < 40; round++) {
        digest.update(bytes)
        oracle.update(bytes)
      }
      expect(digest.told()).toBe(oracle.digest('hex'))
    })
  })

  it('forgets what is dropped, and keeps the others', async () => {
    const thread = await started(new DigestThread())
    const [one, two] = [thread.begin(), thread.begin()]
    thread.update(one, Buffer.from('one'))
    thread.update(two, Buffer.from('two'))
    expect(thread.tell(one).toString('hex')).toBe(sha256(Buffer.from('one')))
    thread.drop(one)
    expect(thread.tell(one).toString('hex')).toBe(sha256(Buffer.alloc(0)))
    expect(thread.tell(two).toString('hex')).toBe(sha256(Buffer.from('two')))
  })

  it('fails when its thread is gone, and the next has another', async () => {
    const thread = await started(new DigestThread())
    const id = thread.begin()
    await thread.close()
    expect(thread.broken).toBe(true)
    expect(() => thread.update(id, Buffer.from('x'))).toThrow(expect.objectContaining({ code: 'internal' }))
    expect(() => thread.drop(id)).not.toThrow()
  })
})
