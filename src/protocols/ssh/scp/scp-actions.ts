import { RunningDigest } from '../../../wire/digest/running-digest.ts'
import type { Action, Outcome, SessionRules } from '../../../target/action.ts'
import { fileObjections } from '../sftp/file-rules.ts'
import { pathFacts } from '../sftp/path-facts.ts'
import type { ControlLine } from './control-line.ts'
import type { Reply } from './replies.ts'

/** `upload`: the target receives (`scp -t`); `download`: it sends (`scp -f`). */
export type Direction = 'upload' | 'download'

type Named = ControlLine & { readonly type: 'file' | 'folder' }
type Times = ControlLine & { readonly type: 'times' }

/** The action of a file or folder that is told. `path`: names of the folders it is in and its own, as they were sent. */
export function entryAction(
  direction: Direction,
  line: Named,
  path: readonly Buffer[],
  times: Times | undefined,
  rules: SessionRules,
): Action {
  const { text, detail } = pathFacts([joined(path)])
  const upload = direction === 'upload'
  const folder = line.type === 'folder'
  const [kind, verb, what] = folder
    ? upload
      ? ['scp_mkdir', 'mkdir', 'copying a folder to the target']
      : ['scp_list', 'list', 'copying a folder from the target']
    : upload
      ? ['scp_write', 'write', 'copying a file to the target']
      : ['scp_read', 'read', 'copying a file from the target']
  return {
    kind,
    verbs: [verb],
    writes: upload,
    text,
    touched: upload ? { changes: [text] } : { reads: [text] },
    detail: {
      ...detail,
      mode: line.mode,
      ...(line.type === 'file' && { size: line.size }),
      ...(times && { mtime: times.mtime, atime: times.atime }),
    },
    objections: fileObjections(rules, [upload ? 'write' : folder ? 'look' : 'read'], what),
  }
}

/** A file whose data are on their way. */
export class Copying {
  /** Number of its action. */
  readonly seq: number
  readonly text: string
  readonly #digest = new RunningDigest()
  readonly #since: number
  readonly #size: number
  #left: number

  constructor(seq: number, text: string, size: number, since: number) {
    this.seq = seq
    this.text = text
    this.#size = size
    this.#left = size
    this.#since = since
  }

  get left(): number {
    return this.#left
  }

  add(data: Buffer): void {
    this.#digest.update(data)
    this.#left -= data.length
  }

  /** So far. */
  facts(): { readonly bytes: number; readonly sha256: string } {
    return { bytes: this.#size - this.#left, sha256: this.#digest.told() }
  }

  /** What must be durable before the target is told that a file it receives is complete. */
  closing(error: string | undefined): Action {
    return {
      kind: 'scp_close',
      verbs: ['close'],
      writes: true,
      text: this.text,
      detail: { opened: this.seq, ...this.facts(), ...(error !== undefined && { error }) },
      durable: true,
      objections: [],
    }
  }

  outcome(now: number, end: End): Outcome {
    const facts = this.facts()
    return { ...doneOutcome(now - this.#since, end), bytes: facts.bytes, detail: facts }
  }
}

/** How something ended: before its reply came (`cut`), or with it; `error`: what the source said of its own reading. */
export interface End {
  readonly cut: boolean
  readonly reply?: Reply
  readonly error?: string | undefined
}

/** What came of something that carries no data. */
export function doneOutcome(ms: number, { cut, reply, error }: End): Outcome {
  const message = error ?? (reply && reply.type !== 'ok' ? reply.message : undefined)
  return {
    rows: 0,
    bytes: 0,
    ms,
    cut,
    ...(message !== undefined && { error: { code: 'scp_error', message } }),
  }
}

function joined(path: readonly Buffer[]): Buffer {
  return Buffer.concat(path.flatMap((name, i) => (i === 0 ? [name] : [Buffer.from('/'), name])))
}
