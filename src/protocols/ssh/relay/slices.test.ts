import { describe, expect, it } from 'vitest'
import { Slices } from './slices.ts'

const busy = (ms: number): void => {
  const until = performance.now() + ms
  while (performance.now() < until);
}
const turn = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 0))

describe('slices', () => {
  it('does everything in its order, also what is added while it works', async () => {
    const slices = new Slices()
    const done: number[] = []
    for (let piece = 0; piece < 100; piece++)
      slices.add(() => {
        done.push(piece)
        if (piece % 10 === 0) slices.add(() => done.push(100 + piece / 10))
      })
    expect(done).toEqual([])
    while (done.length < 110) await turn()
    expect(done).toEqual(Array.from({ length: 110 }, (_, at) => at))
    slices.add(() => done.push(110))
    while (done.length < 111) await turn()
    expect(done.at(-1)).toBe(110)
  })

  it('lets others have their turn when there is much to do', async () => {
    const slices = new Slices()
    const done: number[] = []
    for (let piece = 0; piece < 20; piece++)
      slices.add(() => {
        busy(3)
        done.push(piece)
      })
    let turns = 0
    while (done.length < 20) {
      await turn()
      turns++
    }
    expect(turns).toBeGreaterThan(3)
  })
})
