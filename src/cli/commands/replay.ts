import { Option } from 'commander'
import type { RecordedEntry, Session } from '../../client/answers.ts'
import type { Client } from '../../client/client.ts'
import { parseDuration } from '../../kernel/duration.ts'
import { Fault, isFault } from '../../kernel/faults.ts'
import type { Call, Define } from '../call.ts'
import { castHeader } from '../cast.ts'
import { writeNew } from '../files.ts'
import { fullId } from '../names.ts'
import { play } from '../play.ts'
import type { Screen } from '../screen.ts'
import { entryLines, sessionTable } from '../session-lines.ts'
import { terminalsOf, terminalTable } from '../terminal-list.ts'
import { sizeNote, terminalNumber } from '../terminal-choice.ts'
import { plain } from '../terminal.ts'

interface Options {
  readonly speed: number
  readonly idle: number
  readonly terminal?: string
  readonly terminals?: true
  readonly cast?: string
  readonly text?: true
}

export const replay: Define = (command, run) => {
  command
    .argument('<session>', 'the session, or the last characters of its id')
    .option('--terminal <n>', 'which of several terminals, from 1 (default: 1)')
    .option('--terminals', 'list its terminals')
    .addOption(
      new Option('--speed <factor>', 'how fast a terminal is played').argParser(speedOf).default(1, '1'),
    )
    .addOption(
      new Option('--idle <time>', 'longest pause that is played, such as 2s')
        .argParser(idleOf)
        .default(Infinity, 'all of it'),
    )
    .option('--cast <file>', 'write the terminal as asciicast v3 instead; - for standard output')
    .option('--text', 'list what was done instead of playing a terminal')
    .addHelpText(
      'after',
      `
That you read it is recorded. A session with a terminal is played where a terminal is:
  space pause    + - speed    . one step    right arrow 5 s on    q quit
Elsewhere, and for sessions without, what was done is listed.
With --json: one value per line, the session first.

Examples:
  breakglass replay 4f1c22ab --terminals
  breakglass replay 4f1c22ab --terminal 2 --speed 4 --idle 2s
  breakglass replay 4f1c22ab --cast night.cast
  breakglass replay 4f1c22ab --text | less`,
    )
    .action(run(replaySession))
}

async function replaySession(call: Call, typed: string, options: Options): Promise<number | void> {
  const client = call.client()
  const id = await fullId(
    typed,
    'session',
    async () => (await client.get<{ sessions: readonly Session[] }>('/v1/sessions')).sessions,
  )
  const terminal = terminalNumber(options.terminal)
  if (options.terminals) {
    const terminals = await terminalsOf(client, id)
    return call.answer({ terminals }, () => terminalTable(terminals, call.terminal))
  }
  const path = `/v1/sessions/${id}/cast`
  const query = { terminal: String(terminal ?? 1) }
  if (options.cast !== undefined) {
    await tellOthers(call, client, id, terminal)
    return saveCast(call, client.lines(path, query), options.cast)
  }
  const { screen } = call.terminal
  if (screen === undefined || options.text || call.json) return list(call, client, id)
  const events = client.lines(path, query)
  let first: IteratorResult<unknown>
  try {
    first = await events.next()
  } catch (error) {
    if (terminal === undefined && hasNoTerminal(error)) return list(call, client, id)
    throw error
  }
  await show(call, screen, first.value, events, options)
  await tellOthers(call, client, id, terminal)
}

/** Of several terminals one is shown: nobody is to take it for all there was. */
async function tellOthers(
  call: Call,
  client: Client,
  id: string,
  terminal: number | undefined,
): Promise<void> {
  if (terminal !== undefined) return
  const terminals = await terminalsOf(client, id)
  if (terminals.length < 2) return
  call.terminal.say(`The first of ${terminals.length} terminals; choose with --terminal:`)
  for (const line of terminalTable(terminals, call.terminal)) call.terminal.say(line)
}

async function show(
  call: Call,
  screen: Screen,
  first: unknown,
  events: AsyncIterable<unknown>,
  { speed, idle }: Options,
): Promise<void> {
  const { terminal } = call
  const header = castHeader(first)
  const note = sizeNote(header, screen)
  if (note !== undefined) terminal.say(note)
  const { left, exit, marks } = await play(header, events, screen, {
    speed,
    idleMs: idle,
    interrupted: terminal.interrupted,
  })
  for (const mark of marks) terminal.say(plain(mark))
  if (!left)
    terminal.say(exit === undefined ? 'The recording ends here.' : `It ended with status ${plain(exit)}.`)
}

async function saveCast(call: Call, lines: AsyncIterable<unknown>, file: string): Promise<void> {
  const texts = (async function* () {
    for await (const line of lines) yield JSON.stringify(line)
  })()
  if (file === '-') {
    for await (const text of texts) call.terminal.out(text)
    return
  }
  const bytes = await writeNew('--cast', file, texts)
  call.answer({ file, bytes }, () => [`${file}: ${bytes} bytes.`])
}

async function list(call: Call, client: Client, id: string): Promise<void> {
  let first = true
  for await (const value of client.lines(`/v1/sessions/${id}/actions`)) {
    if (call.json) call.terminal.out(JSON.stringify(value))
    else
      for (const line of first
        ? sessionTable([value as Session], call.terminal)
        : entryLines(value as RecordedEntry, call.terminal))
        call.terminal.out(line)
    first = false
  }
}

/** What the listing tells better: that there was none, or that it was erased. */
function hasNoTerminal(error: unknown): boolean {
  return (isFault(error, 'not_found') && error.facts['terminals'] === 0) || isFault(error, 'evidence.erased')
}

function speedOf(text: string): number {
  const speed = Number(text)
  if (Number.isFinite(speed) && speed > 0 && speed <= 1000) return speed
  throw new Fault('input.invalid', `--speed: ${JSON.stringify(text)} is no speed.`, {
    next: 'Give a factor, such as 2 or 0.5.',
  })
}

function idleOf(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined) return ms
  throw new Fault('input.invalid', `--idle: ${JSON.stringify(text)} is no time.`, { next: 'Write it as 2s.' })
}
