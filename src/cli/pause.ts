import { Fault } from '../kernel/faults.ts'

/** Waits; throws at once when the person interrupts. */
export function pause(ms: number, interrupted: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(
        new Fault('conflict', 'Interrupted.', {
          next: 'What was asked for stays as it is; see `breakglass grants --mine`.',
        }),
      )
    }
    if (interrupted.aborted) return stop()
    const timer = setTimeout(() => {
      interrupted.removeEventListener('abort', stop)
      resolve()
    }, ms)
    interrupted.addEventListener('abort', stop, { once: true })
  })
}
