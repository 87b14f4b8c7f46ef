import { createHash, type Hash } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { ANSWER_AT, ASK, type DigestThreadData } from './digest-thread.ts'
import { type Frame, RingReader } from './shared-ring.ts'

/** Never returns to its event loop: it waits for frames, and for nothing else. Ends with its process. */
const port = parentPort
if (!port) throw new Error('digest/digest-worker runs as a worker thread')
const { ring, answers } = workerData as DigestThreadData
const reader = new RingReader(ring)
const answered = new Int32Array(answers, 0, 1)
const answer = new Uint8Array(answers, ANSWER_AT)
const digests = new Map<number, Hash>()

function handle({ kind, id, bytes }: Frame): void {
  if (kind === ASK.drop) {
    digests.delete(id)
    return
  }
  let digest = digests.get(id)
  if (!digest) digests.set(id, (digest = createHash('sha256')))
  if (kind === ASK.data) digest.update(bytes)
  else {
    answer.set(digest.copy().digest())
    Atomics.add(answered, 0, 1)
    Atomics.notify(answered, 0)
  }
}

port.postMessage({ ready: true })
for (;;) reader.take(handle)
