import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../../kernel/faults.ts'
import { openWitness } from '../../ledger/witness/witness.ts'
import { lockDirectory } from '../../store/file/directory-lock.ts'
import { nodeDisk } from '../../store/file/node-disk.ts'
import { type LogLine, logLine } from '../log-line.ts'
import { serveWitness } from './serve-witness.ts'
import { followedLogs, LOGS_FILE, witnessKey } from './witness-folder.ts'
import { witnessMetrics } from './witness-metrics.ts'

export interface StartWitnessOptions {
  readonly folder: string
  /** Needed at the first start only. */
  readonly name?: string
  /** Verifier keys besides those in the file. */
  readonly logs: readonly string[]
  /** Default: `logs` in the folder, where there is one. */
  readonly logsFile?: string
  readonly host: string
  readonly port: number
  readonly log?: LogLine
}

export interface RunningWitness {
  readonly name: string
  readonly vkey: string
  readonly fresh: boolean
  readonly port: number
  readonly following: readonly { readonly origin: string; readonly size: number }[]
  close(): Promise<void>
}

/**
 * A witness on a folder of its own, which must be on another machine than the logs it follows to be worth anything. Faults:
 * `input.invalid`, `config.invalid`, `ledger.in_use`, `ledger.damaged`, `unavailable`.
 */
export async function startWitness(options: StartWitnessOptions): Promise<RunningWitness> {
  const { folder, name, host, port, log = logLine() } = options
  const lock = await lockDirectory(folder)
  try {
    const logs = [...options.logs.flatMap(vkey => followedLogs(vkey, '--log')), ...logsInFile(options)]
    if (logs.length === 0)
      throw new Fault('input.invalid', 'There is no log to follow.', {
        next: `Give --log VKEY, or write the keys into ${join(folder, LOGS_FILE)}, one per line.`,
      })
    const key = await witnessKey(folder, name)
    const witness = await openWitness({
      ...key,
      logs,
      disk: of => nodeDisk(join(folder, 'memory', of)),
      now: () => Math.floor(Date.now() / 1000),
    })
    const server = await serveWitness({ witness, metrics: witnessMetrics(), host, port, log })
    return {
      name: key.name,
      vkey: witness.vkey,
      fresh: key.fresh,
      port: server.port,
      following: witness.heads(),
      async close() {
        await server.close()
        await lock.release()
      },
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

function logsInFile({ folder, logsFile }: StartWitnessOptions): ReturnType<typeof followedLogs> {
  const file = logsFile ?? join(folder, LOGS_FILE)
  if (logsFile === undefined && !existsSync(file)) return []
  try {
    return followedLogs(readFileSync(file, 'utf8'), file)
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw new Fault(
      'input.invalid',
      `${file} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'error'}).`,
      {
        next: 'Give the path of a file with one verifier key per line.',
        cause,
      },
    )
  }
}
