import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Disk } from '../src/ledger/disk.ts'
import type { Draft, SealKey } from '../src/ledger/log.ts'
import { openLog } from '../src/ledger/open-log.ts'
import type { RunningLog } from '../src/ledger/running-log.ts'
import { openLocalSigner } from '../src/ledger/signer/local-signer.ts'
import { spawnSigner } from '../src/server/signer/spawn-signer.ts'
import { nodeDisk } from '../src/store/file/node-disk.ts'

const ORIGIN = 'bench.example/log'
const boot = '53868503-bbaf-4739-bb05-c1c32319dc9a'
const key: SealKey = { name: 'session/s_018f2f5e-0000-7000-8000-000000000000', bytes: randomBytes(32) }

/** `here`: the signer in this process; `guarded`: a process of its own, as servers have it. */
export type SignerPlace = 'here' | 'guarded'

export interface BenchLog {
  /** Where the log lies. */
  readonly disk: Disk
  open(signEveryMs: number): Promise<RunningLog>
  remove(): Promise<void>
}

/** A log in a folder of its own. BENCH_FOLDER: where (default: the temporary folder). */
export async function benchLog(signer: SignerPlace = 'here'): Promise<BenchLog> {
  const folder = await mkdtemp(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'bg-bench-'))
  const directory = join(folder, 'signer')
  const house = signer === 'guarded' ? spawnSigner(directory) : undefined
  const seed = randomBytes(32)
  return {
    disk: nodeDisk(join(folder, 'log')),
    async open(signEveryMs) {
      return openLog({
        name: 'bench',
        origin: ORIGIN,
        disk: nodeDisk(join(folder, 'log')),
        signer:
          house === undefined
            ? await openLocalSigner({ origin: ORIGIN, seed, disk: nodeDisk(directory) })
            : await house.open(ORIGIN, { create: true }),
        clock: { now: () => ({ wall: Date.now(), mono: performance.now(), boot }) },
        signEveryMs,
        segmentBytes: 8 * 1024 * 1024,
        entryZero: {},
      })
    },
    async remove() {
      await house?.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** An action as the gateway records it: about 490 bytes, and 200 sealed. */
export function action(src: string, n: number, sealed: boolean): Draft {
  return {
    type: 'action',
    src,
    subject: 'p_018f2f5e-0000-7000-8000-000000000000',
    target: 'orders-db',
    outcome: 'allowed',
    data: { grant: 'g_018f2f5e-0000-7000-8000-000000000000', kind: 'query', n, tags: ['select'] },
    ...(sealed && {
      payload: { text: `select id, total from orders where id = ${n} and customer = 'somebody@example.com'` },
      seal: key,
    }),
  }
}
