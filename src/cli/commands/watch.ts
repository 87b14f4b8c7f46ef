import type { RecordedEntry, Session } from '../../client/answers.ts'
import { faultOfProblem } from '../../client/client.ts'
import { Fault } from '../../kernel/faults.ts'
import type { Call, Define } from '../call.ts'
import { fullId } from '../names.ts'
import { entryLines, sessionTable } from '../session-lines.ts'
import { terminalNumber } from '../terminal-choice.ts'
import { plain } from '../terminal.ts'
import { WatchedTerminal } from '../watched-terminal.ts'

interface Options {
  readonly terminal?: string
  readonly text?: true
}

export const watch: Define = (command, run) => {
  command
    .argument('<session>', 'the session, or the last characters of its id')
    .option('--terminal <n>', 'only this one of its terminals, from 1 (default: the newest)')
    .option('--text', 'list what is done also where a terminal could be shown')
    .addHelpText(
      'after',
      `
That you watch is recorded. What was done before is shown first, at once; Ctrl-C or q leaves.
With --json: one value per line, the session first.

Examples:
  breakglass sessions --open
  breakglass watch 4f1c22ab`,
    )
    .action(run(watchSession))
}

async function watchSession(call: Call, typed: string, options: Options): Promise<void> {
  const client = call.client()
  const { terminal } = call
  const id = await fullId(
    typed,
    'session',
    async () => (await client.get<{ sessions: readonly Session[] }>('/v1/sessions?open=true')).sessions,
  )
  const number = terminalNumber(options.terminal)
  const shown =
    terminal.screen === undefined || options.text || call.json
      ? undefined
      : new WatchedTerminal(terminal.screen, number, text => terminal.say(text))
  const leaving = new AbortController()
  const leave = (): void => leaving.abort()
  terminal.interrupted.addEventListener('abort', leave)
  // Nothing that is typed here may stand on somebody else's screen.
  const release =
    shown &&
    terminal.screen?.keys(key => {
      if (key === 'q' || key === '\u0003') leave()
    })
  let closed: string | undefined
  try {
    for await (const { event, data } of client.events(`/v1/sessions/${id}/live`, leaving.signal)) {
      const value = JSON.parse(data) as unknown
      if (event === 'problem') throw faultOfProblem(0, data)
      if (event === 'closed') closed = reasonOf(value)
      else if (call.json) terminal.out(JSON.stringify(value))
      else await tell(event, value, call, shown)
    }
  } catch (error) {
    if (!leaving.signal.aborted) throw error
  } finally {
    terminal.interrupted.removeEventListener('abort', leave)
    release?.()
    await shown?.end()
    terminal.status(undefined)
  }
  if (leaving.signal.aborted) return
  if (closed === undefined)
    throw new Fault('unavailable', 'The view broke off before the session ended.', {
      next: 'Watch again; nothing of the session is lost.',
    })
  if (!call.json) terminal.say(`The session has ended: ${plain(closed)}.`)
}

async function tell(
  event: string,
  value: unknown,
  { terminal }: Call,
  shown: WatchedTerminal | undefined,
): Promise<void> {
  const taken = event === 'entry' && (await shown?.entry(value as RecordedEntry)) === true
  if (taken) return
  const lines =
    event === 'session'
      ? sessionTable([value as Session], terminal)
      : entryLines(value as RecordedEntry, terminal)
  for (const line of lines) terminal.out(line)
  if (terminal.interactive) terminal.status('Watching; Ctrl-C leaves.')
}

function reasonOf(value: unknown): string {
  const { reason } = value as { readonly reason?: unknown }
  return typeof reason === 'string' ? reason : 'closed'
}
