import type { Timeline } from './timeline.ts'

/** A step of the timeline with the time it took. */
export async function measured<T>(timeline: Timeline, text: string, run: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const result = await run()
  timeline.step(text, performance.now() - began)
  return result
}
