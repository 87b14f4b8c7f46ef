import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import type { AlertMessage } from '../../src/alert/alert.ts'
import { type Receiver, startReceiver } from '../../src/alert/receiver.suite.ts'
import { temporaryFolder } from '../support/real-journal.ts'
import { freePort } from '../../src/sandbox/free-port.ts'

const BUILT = existsSync(new URL('../../dist/alert/deliver.js', import.meta.url))
const CHILD = fileURLToPath(new URL('outbox-child.mjs', import.meta.url))
const ROUNDS = 5

const children: ChildProcess[] = []
const receivers: Receiver[] = []
const folder = await temporaryFolder('outbox')

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(receivers.map(receiver => receiver.close()))
  await folder.remove()
})

/** Runs a child until a line of its output makes `enough` true; says which grants it had logged. */
async function run(
  count: number,
  hooks: readonly string[],
  enough: (line: string, logged: number) => boolean,
): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, folder.path, String(count), ...hooks], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const gone = once(child, 'exit')
  const logged: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('logged ')) logged.push(line.slice('logged '.length))
    if (enough(line, logged.length)) child.kill('SIGKILL')
  }
  await gone
  expect(child.signalCode).toBe('SIGKILL')
  return logged
}

const heardBy = (receiver: Receiver): AlertMessage[] =>
  receiver.heard
    .map(({ body }) => JSON.parse(body) as AlertMessage)
    .filter(({ grant }) => grant !== undefined)

describe.skipIf(!BUILT)('the outbox under kill -9 (needs `npm run build`)', () => {
  it('requirement 22: whatever was logged arrives on both channels, in order, though one was dead and every process was killed', async () => {
    const live = await startReceiver()
    receivers.push(live)
    const port = await freePort()
    const hooks = [live.url, `http://127.0.0.1:${port}/hook`]
    const logged: string[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const stopAt = 1 + round * 3
      logged.push(...(await run(1_000, hooks, (_, count) => count >= stopAt)))
    }
    const late = await startReceiver(port)
    receivers.push(late)
    await run(0, hooks, line => line === 'rest')

    expect(logged.length).toBeGreaterThanOrEqual(ROUNDS)
    for (const receiver of receivers) {
      const first = new Map(heardBy(receiver).map(({ id, grant, type }) => [id, `${grant} ${type}`]))
      for (const grant of logged) {
        const types = [...first.values()]
          .filter(line => line.startsWith(grant))
          .map(line => line.split(' ')[1])
        expect(types).toEqual(['grant.requested', 'grant.activated'])
      }
    }
  })
})
