import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What one side said before the other spoke. */
export interface Turn {
  readonly from: 'client' | 'target'
  readonly bytes: Buffer
}

/**
 * A session of a real client with a real server, byte for byte in the order of the wire, from the first message after the
 * login on. Who logged in and how is not part of it.
 */
export interface RecordedDialogue {
  readonly name: string
  /** ParameterStatus of the greeting, as `name` → `value`. */
  readonly greeting: Readonly<Record<string, string>>
  readonly turns: readonly Turn[]
}

const FOLDER = join(import.meta.dirname, 'recorded')
const ENDING = '.dialogue'

/** The file: a line of JSON for the greeting, then a line per turn, `>` (client) or `<` (target) and base64. */
export function writeDialogue(dialogue: RecordedDialogue): void {
  const lines = [
    JSON.stringify(dialogue.greeting),
    ...dialogue.turns.map(({ from, bytes }) => `${from === 'client' ? '>' : '<'}${bytes.toString('base64')}`),
  ]
  writeFileSync(join(FOLDER, dialogue.name + ENDING), `${lines.join('\n')}\n`)
}

/** All recorded dialogues, by name. */
export function recordedDialogues(): readonly RecordedDialogue[] {
  return readdirSync(FOLDER)
    .filter(file => file.endsWith(ENDING))
    .toSorted()
    .map(file => read(file.slice(0, -ENDING.length)))
}

function read(name: string): RecordedDialogue {
  const [greeting = '{}', ...lines] = readFileSync(join(FOLDER, name + ENDING), 'utf8')
    .trimEnd()
    .split('\n')
  return {
    name,
    greeting: JSON.parse(greeting) as Record<string, string>,
    turns: lines.map(line => ({
      from: line.startsWith('>') ? 'client' : 'target',
      bytes: Buffer.from(line.slice(1), 'base64'),
    })),
  }
}
