import { Fault } from '../kernel/faults.ts'
import type { SessionId } from '../kernel/ids.ts'
import type { JsonValue } from '../kernel/json.ts'
import type { Draft, Entry, KeyRing, Log, Pending, SealKey } from '../ledger/log.ts'
import type { Receipt } from '../ledger/receipt.ts'
import { type Shortage, shortageOf } from '../ledger/trouble.ts'
import { KeptIndex } from './kept-index.ts'
import { SessionIndex } from './session-index.ts'
import { SessionWriter } from './session-writer.ts'
import { WriteTogether } from './write-together.ts'

export interface SessionKeys extends KeyRing {
  obtain(name: string): Promise<SealKey>
}

export interface SessionOpening {
  readonly session: SessionId
  readonly grant: string
  readonly person: string
  readonly target: string
  readonly protocol: string
  readonly scope: string
  readonly evidence: string
  /** Sealed: where from, and what the client calls itself. */
  readonly remote: string
  readonly application: string
}

/** The log of actions of this node. Owns the index over it, which is derived and rebuilt at start. */
export interface SessionLog {
  readonly log: Log
  readonly index: SessionIndex
  begin(opening: SessionOpening): Promise<SessionWriter>
  /** Keeps the index for the next start; the log goes on and is closed by whoever opened it. */
  close(): Promise<void>
  payload(index: number): Promise<JsonValue | undefined>
}

const LACKING: Readonly<Record<Shortage, readonly [why: string, next: string]>> = {
  space: ['the disk is full', 'Make room on the disk of the gateway'],
  descriptors: [
    'too many files are open',
    'Raise the limit of open files of the server (LimitNOFILE, ulimit -n) or end connections',
  ],
}

/** Folds what is new in the log into its index and closes what a crash left open, before anybody may open a session. */
export async function openSessionLog(
  log: Log,
  keys: SessionKeys,
  { partEntries }: { readonly partEntries?: number } = {},
): Promise<SessionLog> {
  const index = new SessionIndex()
  const kept = new KeptIndex(log, index, partEntries)
  for await (const entry of log.entries(await kept.load())) add(entry)
  const cut: Draft[] = [...index.open()].map(({ id, grant, person, target }) => ({
    type: 'session.closed',
    src: id,
    subject: person,
    target,
    outcome: 'crash',
    data: { session: id, grant, reason: 'crash' },
  }))
  if (cut.length > 0) await written(log.append(cut, { reserve: true }))

  const together = new WriteTogether(log, index, kept)

  function add(entry: Entry): void {
    index.add(entry)
    kept.touch(entry.type === 'session.closed' ? entry.src : undefined)
  }

  async function sealFor(session: SessionId): Promise<SealKey> {
    try {
      return await keys.obtain(`session/${session}`)
    } catch (cause) {
      const lacking = shortageOf(cause)
      if (lacking === undefined) throw cause
      const [why, next] = LACKING[lacking]
      throw new Fault('ledger.full', `This session cannot be recorded: ${why}.`, {
        next: `${next}; nothing else has to be done.`,
        cause,
      })
    }
  }

  async function written(pending: Pending): Promise<Receipt> {
    const receipts = await pending.durable()
    for (const entry of pending.entries) add(entry)
    return receipts[0] as Receipt
  }

  return {
    log,
    index,
    payload: position => log.payload(position, keys),
    async begin(opening) {
      const { session, grant, person, target, protocol, scope, evidence, remote, application } = opening
      const seal = await sealFor(session)
      const opened = await written(
        log.append([
          {
            type: 'session.opened',
            src: session,
            subject: person,
            target,
            data: { session, grant, protocol, scope, evidence },
            payload: { remote, application },
            seal,
          },
        ]),
      )
      return new SessionWriter({
        session,
        grant,
        person,
        target,
        opened,
        seal,
        log,
        index,
        together,
        ended: add,
      })
    },
    close: () => kept.write(),
  }
}
