import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openCheckpoint } from './note/checkpoint.ts'
import { verifyConsistency } from './tree/consistency.ts'
import { CrashDisk, Power } from './crash-disk.suite.ts'
import { openLocalSigner } from './signer/local-signer.ts'
import type { Log } from './log.ts'
import { noteSigner } from './note/note.ts'
import { openLog } from './open-log.ts'
import { KEY, ORIGIN, scratchClock, SEED, SEGMENT, VKEY } from './scratch-log.suite.ts'
import { verifyLog } from './verify/verify-log.ts'

/** mulberry32: the same seed gives the same crash. */
function chanceOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

describe('a power cut', () => {
  it('after any operation, with any sectors lost or torn, loses nothing acknowledged and changes no signed root', {
    timeout: 60_000,
  }, async () => {
    const life = fc.record({ operations: fc.integer({ min: 1, max: 260 }), seed: fc.integer() })
    await fc.assert(
      fc.asyncProperty(
        fc.array(life, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(0, 5),
        async (lives, signEveryMs) => {
          const clock = scratchClock()
          const verifier = noteSigner(ORIGIN, SEED)
          const durable = new Map<number, Buffer>()
          const heads = new Map<number, Buffer>()
          let power = new Power()
          let disk = new CrashDisk(power)
          let signerDisk = new CrashDisk(power)
          const open = async (): Promise<Log> =>
            openLog({
              name: 'control',
              origin: ORIGIN,
              disk,
              signer: await openLocalSigner({ origin: ORIGIN, seed: SEED, disk: signerDisk }),
              clock,
              segmentBytes: SEGMENT,
              signEveryMs,
              publishEveryMs: 1,
              entryZero: {},
            })
          const expectAll = async (log: Log): Promise<void> => {
            for (const [index, hash] of durable) expect((await log.read(index)).leafHash).toEqual(hash)
            const head = log.head()
            for (const [size, root] of heads) {
              expect(verifyConsistency(size, head.size, root, head.root, await log.consistency(size))).toBe(
                true,
              )
            }
          }
          const work = async (log: Log, src: string): Promise<void> => {
            for (let n = 0; ; n += 1) {
              const draft = {
                type: 'action',
                src,
                data: { n, text: 'x'.repeat((n % 7) * 300) },
                payload: n,
                seal: KEY,
              }
              const call = log.append([draft, draft])
              for (const { index, leafHash } of await call.durable()) durable.set(index, leafHash)
              const [receipt] = src === 's_0' ? await call.signed() : []
              const signed = receipt && openCheckpoint(receipt.checkpoint, verifier)
              if (signed !== undefined) heads.set(signed.size, signed.root)
            }
          }

          for (const { operations, seed } of lives) {
            power.cutAfter(operations)
            try {
              const log = await open()
              await Promise.allSettled(['s_0', 's_1', 's_2'].map(src => work(log, src)))
              await log.close()
            } catch {
              // The cut came while the log was being opened.
            }
            expect(power.isGone).toBe(true)
            power = new Power()
            const chance = chanceOf(seed)
            disk = disk.afterCut(power, chance)
            signerDisk = signerDisk.afterCut(power, chance)
            const log = await open()
            await expectAll(log)
            await log.close()
          }
          expect((await verifyLog({ disk, vkey: VKEY, signer: signerDisk })).findings).toEqual([])
        },
      ),
      { numRuns: 25 },
    )
  })
})
