import type { LogHead } from '../../client/answers.ts'
import { Fault } from '../../kernel/faults.ts'
import { entryOfBundle } from '../../ledger/entry/entry-of-bundle.ts'
import { leafHash } from '../../ledger/tree/merkle.ts'
import { TILE_WIDTH, tilePath } from '../../ledger/tree/tile-path.ts'
import type { Call, Define } from '../call.ts'
import { entryIndex, writeWished } from '../files.ts'
import { plain } from '../terminal.ts'

interface Options {
  readonly log: string
  readonly out?: string
}

export const ledgerEntry: Define = (command, run) => {
  command
    .argument('<index>', 'the number of the entry')
    .option('-l, --log <log>', 'control or sessions', 'control')
    .option('-o, --out <file>', 'where to write its bytes, exactly as they were hashed')
    .addHelpText(
      'after',
      '\nReads the bundle of the standard tile layout, as any client of tlog-tiles does.\nWithout --out the entry is shown, followed by a line end that is not part of it.',
    )
    .action(run(entry))
}

async function entry(call: Call, text: string, { log, out }: Options): Promise<void> {
  const index = entryIndex(text)
  const client = call.client()
  const { logs } = await client.get<{ logs: readonly LogHead[] }>('/v1/ledger')
  const size = logs.find(head => head.log === log)?.size
  if (size === undefined || index >= size)
    throw new Fault('not_found', `There is no signed entry ${index} of the log ${log}.`, {
      next: logs.map(head => `${head.log} has 0 to ${head.size - 1}`).join('; '),
    })
  const bundle = Math.floor(index / TILE_WIDTH)
  const width = Math.min(TILE_WIDTH, size - bundle * TILE_WIDTH)
  const path = tilePath({ level: 'entries', index: bundle, width })
  const bytes = entryOfBundle(await client.bytes(`/ledger/${log}/${path}`), index % TILE_WIDTH)
  if (bytes === undefined)
    throw new Fault('ledger.damaged', `The bundle ${path} of the log ${log} is cut.`, {
      next: 'Run `breakglass ledger verify` on the server.',
    })
  if (out !== undefined) writeWished('--out', out, bytes)
  const hash = leafHash(bytes).toString('hex')
  call.answer(
    { log, index, leaf_hash: hash, entry: bytes.toString('utf8'), ...(out && { file: out }) },
    () =>
      out === undefined
        ? [plain(bytes.toString('utf8'))]
        : [`Entry ${index} of ${log}, ${bytes.length} bytes, is in ${out}.`, `  leaf hash ${hash}`],
  )
}
