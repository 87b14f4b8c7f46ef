/**
 * The log on this machine's disk: entries per second and their latency, what making one entry costs, proofs, and how long a start
 * takes with long logs. `npm run bench -- ledger`. BENCH_FOLDER: where the logs are put (default: the temporary folder; the
 * longest needs 8 GB). BENCH_ENTRIES: session entries of the longest (default ten million; 0: leave the starts out).
 */
import { backlogInOwnProcess } from './ledger-backlog.ts'
import { measureProofs } from './ledger-proofs.ts'
import { measureStarts } from './ledger-start.ts'
import { makingOne, write, type Wanted, type Written } from './ledger-writers.ts'
import { keep, table } from './machine.ts'

const entries = Number(process.env['BENCH_ENTRIES'] ?? 10_000_000)
const making = { sealedUs: makingOne(true), plainUs: makingOne(false) }
console.log(
  `making one entry: ${making.sealedUs.toFixed(1)} µs of CPU sealed, ${making.plainUs.toFixed(1)} µs plain`,
)

const written: Written[] = []
for (const signer of ['here', 'guarded'] as const) {
  for (const wait of ['durable', 'signed'] as const) {
    for (const sealed of [false, true]) {
      for (const writers of [1, 16, 64]) {
        const wanted: Wanted = { writers, sealed, wait, signer }
        written.push(await write(wanted))
      }
    }
  }
}
console.log(
  `\n${table([
    ['signer', 'until', 'payload', 'writers', 'entries/s', 'p50 ms', 'p99 ms', 'CPU µs', 'bytes over'],
    ...written.map(row => [
      row.signer,
      row.wait,
      row.sealed ? 'sealed' : 'none',
      row.writers,
      row.entriesPerSecond,
      rounded(row.p50Ms),
      rounded(row.p99Ms),
      rounded(row.cpuUs),
      rounded(row.overheadBytes),
    ]),
  ])}`,
)

const backlog = backlogInOwnProcess(15)
console.log(
  `\n${backlog.entries} entries in 15 s: at most ${backlog.peakMiB} MiB (${backlog.restMiB} before), stopped in ${backlog.stopMs} ms ` +
    `with files for ${backlog.shown}`,
)

const proofs = await measureProofs(1_000_000)
console.log(
  `\none proof of ${proofs.hashes} hashes in ${proofs.entries} entries: ${proofs.coldMs.toFixed(3)} ms cold (p99 ${proofs.coldP99Ms.toFixed(3)}), ` +
    `${proofs.warmMs.toFixed(3)} ms warm`,
)

const starts = entries > 0 ? await measureStarts(entries, 100_000) : undefined
if (starts !== undefined) {
  console.log(
    `\n${table([
      ['ready to serve', 'ms', 'CPU ms'],
      ['after a clean stop', starts.cleanMs.join(' '), starts.cleanCpuMs.join(' ')],
      ['after kill -9', starts.crashMs.join(' '), starts.crashCpuMs.join(' ')],
    ])}`,
  )
  console.log(
    `${starts.sessionEntries} session entries of ${starts.sessions} sessions, ${starts.controlEntries} control entries; ` +
      `${starts.memoryMiB} MiB when ready`,
  )
  console.log(
    `appending, CPU µs each: ${rounded(starts.appendUs.short)} behind ten thousand entries, ${rounded(starts.appendUs.long)} behind all of them`,
  )
}
keep('ledger', { making, written, backlog, proofs, starts })

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
