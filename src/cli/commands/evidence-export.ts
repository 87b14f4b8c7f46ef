import { open, rename, rm } from 'node:fs/promises'
import type { Session } from '../../client/answers.ts'
import type { Client } from '../../client/client.ts'
import { Fault } from '../../kernel/faults.ts'
import type { Call, Define } from '../call.ts'
import { allGrants, fullId } from '../names.ts'

interface Options {
  readonly from?: string
  readonly to?: string
  readonly output?: string
}

export const evidenceExport: Define = (command, run) => {
  command
    .argument('[id]', 'a grant or a session, or the last characters of its id')
    .option('--from <time>', 'instead: everything from this time on (RFC 3339)')
    .option('--to <time>', 'up to, not including, this time; default: now')
    .option('-o, --output <file>', 'where to write it; never over a file that is there')
    .addHelpText(
      'after',
      '\nThat you export it is recorded. Auditors may export everything, reviewers the grants they review, everybody their own.\nWhoever gets the bundle checks it with `breakglass evidence verify`, or with the verifier inside it.',
    )
    .action(run(exportBundle))
}

async function exportBundle(call: Call, id: string | undefined, options: Options): Promise<void> {
  const client = call.client()
  const query = await wish(client, id, options)
  const file = options.output ?? `evidence-${query.grant ?? query.session ?? query.from?.slice(0, 10)}.zip`
  const unfinished = `${file}.part`
  const handle = await create(file, unfinished)
  const began = performance.now()
  let bytes = 0
  try {
    for await (const chunk of client.download('/v1/evidence', query)) {
      await handle.write(chunk)
      bytes += chunk.length
      const rate = bytes / Math.max(1, performance.now() - began) / 1000
      if (call.terminal.interactive) call.terminal.status(`${megabytes(bytes)} MB, ${rate.toFixed(1)} MB/s`)
    }
    await handle.sync()
    await handle.close()
    await rename(unfinished, file)
  } catch (error) {
    await handle.close()
    await rm(unfinished, { force: true })
    throw error
  } finally {
    call.terminal.status(undefined)
  }
  call.answer({ file, bytes }, () => [
    `${file}: ${megabytes(bytes)} MB.`,
    `Check it with \`breakglass evidence verify ${file} --policy POLICY\`; the policy must not come from the bundle.`,
  ])
}

interface Wish extends Readonly<Record<string, string | undefined>> {
  readonly grant?: string
  readonly session?: string
  readonly from?: string
  readonly to?: string
}

async function wish(client: Client, id: string | undefined, { from, to }: Options): Promise<Wish> {
  if (id !== undefined && from === undefined && to === undefined) {
    const whole = await fullId(id, 'grant or session', async () => [
      ...(await allGrants(client)),
      ...(await client.get<{ sessions: readonly Session[] }>('/v1/sessions')).sessions,
    ])
    return whole.startsWith('s_') ? { session: whole } : { grant: whole }
  }
  if (id === undefined && from !== undefined)
    return { from: utcOf(from), to: utcOf(to ?? new Date(client.now()).toISOString()) }
  throw new Fault('input.invalid', 'Say what the evidence is of.', {
    next: 'Name one grant or session, or give --from and --to.',
  })
}

function utcOf(text: string): string {
  const at = new Date(text)
  if (Number.isNaN(at.getTime()))
    throw new Fault('input.invalid', `${JSON.stringify(text)} is not a time.`, {
      next: 'Write it as 2026-11-19T02:14:06Z or with an offset.',
    })
  return at.toISOString()
}

async function create(file: string, unfinished: string) {
  const taken = (name: string, cause: unknown): Fault =>
    new Fault('conflict', `${name} is there already.`, { next: 'Give another one with -o.', cause })
  const there = await open(file, 'r').then(
    handle => handle.close().then(() => true),
    () => false,
  )
  if (there) throw taken(file, undefined)
  try {
    return await open(unfinished, 'wx', 0o600)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw taken(unfinished, cause)
    throw new Fault('input.invalid', `${unfinished} cannot be written: ${(cause as Error).message}.`, {
      next: 'Give a place that can be written with -o.',
      cause,
    })
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 2 : 0)
}
