import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { RecordedDialogue, Turn } from './dialogue.ts'
import { frames } from './frames.ts'

export interface RecordingProxy {
  readonly port: number
  /** What each connection has said so far, in the order in which they came. */
  readonly recorded: readonly Omit<RecordedDialogue, 'name'>[]
  close(): void
}

/** Stands between a client and a server, without TLS, and writes down what they say after the login. */
export async function recordingProxy(serverPort: number): Promise<RecordingProxy> {
  const recorded: Tape[] = []
  const server = createServer(client => {
    const tape = new Tape()
    recorded.push(tape)
    const target = connect(serverPort, '127.0.0.1')
    pass(client, target, bytes => tape.say('client', bytes))
    pass(target, client, bytes => tape.say('target', bytes))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, recorded, close: () => server.close() }
}

function pass(from: Socket, to: Socket, note: (bytes: Buffer) => void): void {
  from.on('data', (bytes: Buffer) => {
    note(bytes)
    to.write(bytes)
  })
  from.on('end', () => to.end())
  from.on('error', () => to.destroy())
  from.on('close', () => to.destroy())
}

/** Throws the login away, up to the server's first ReadyForQuery; keeps the parameters it reported. */
class Tape {
  readonly greeting: Record<string, string> = {}
  readonly turns: Turn[] = []
  #login: Buffer | undefined = Buffer.alloc(0)

  say(from: Turn['from'], bytes: Buffer): void {
    if (this.#login !== undefined) {
      if (from === 'target') this.#greet(Buffer.concat([this.#login, bytes]))
      return
    }
    const last = this.turns.at(-1)
    if (last?.from === from)
      this.turns[this.turns.length - 1] = { from, bytes: Buffer.concat([last.bytes, bytes]) }
    else this.turns.push({ from, bytes: Buffer.from(bytes) })
  }

  #greet(said: Buffer): void {
    const { whole } = frames(said)
    this.#login = said
    if (whole.at(-1)?.tag !== 'Z') return
    this.#login = undefined
    for (const { tag, bytes } of whole) {
      const [name, value] = bytes.toString('utf8', 5).split('\0')
      if (tag === 'S' && name !== undefined && value !== undefined) this.greeting[name] = value
    }
  }
}
