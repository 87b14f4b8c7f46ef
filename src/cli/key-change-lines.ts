import type { Call } from './call.ts'
import type { KeysChanged } from './local.ts'

/** The keys that sign from now on, and what remains to be done. */
export function answerKeys(call: Call, done: KeysChanged, next: string): void {
  call.answer(done, () => [
    done.finished
      ? `An earlier change of the keys of ${done.origin} was finished; this one was not begun. Give the command again if you still want it.`
      : `The keys of ${done.origin} were changed; its log has ${done.size} entries.`,
    'From the next start it is signed by:',
    ...done.vkeys.map(vkey => `  ${vkey}`),
    ...(done.finished ? [] : [next]),
  ])
}
