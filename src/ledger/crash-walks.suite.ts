import {
  AS_IT_IS,
  type Case,
  Cases,
  chanceOf,
  INSIDE,
  inSimulatedTime,
  judge,
  lives,
  type Machine,
  momentOf,
  record,
  start,
  type Surroundings,
  Told,
  type Work,
} from './crash-walk.suite.ts'
import { type Operation, SimulatedFiles, type Verdict } from './simulated-files.suite.ts'

/** What a walk did and what it found: `wrong` is empty, or the walk has found a way to break a promise. */
export interface Walked {
  readonly points: number
  /** Crash points × what may be found at each. */
  readonly outcomes: number
  /** Starts on a medium that differs from all others. */
  readonly judged: number
  readonly wrong: readonly string[]
}

export function machine({ signEveryMs }: Work, { under, signer }: Surroundings = WHOLE): Machine {
  return { files: new SimulatedFiles(), told: new Told(), under, signer, signEveryMs }
}

/** A walk that is to find something ends when it has. */
export interface WalkOptions extends Surroundings {
  readonly untilWrong: boolean
}

export const WHOLE: WalkOptions = { under: AS_IT_IS, signer: INSIDE, untilWrong: false }

async function judgeAll(cases: Cases, options: WalkOptions): Promise<Walked> {
  const wrong: string[] = []
  for (const one of cases.distinct) {
    if (options.untilWrong && wrong.length > 0) break
    const found = await judge({ ...one, files: one.files.image() }, options)
    if (found !== undefined) wrong.push(`cut before ${one.operation}: ${found}`)
  }
  return { points: cases.points, outcomes: cases.outcomes, judged: cases.distinct.length, wrong }
}

/** The power goes before every single operation of a log's lives, with every outcome `outcomesOf` names. */
export async function walkCuts(work: Work, random: number, options: WalkOptions = WHOLE): Promise<Walked> {
  const its = machine(work, options)
  const moments = await record(its, () => lives(its, work))
  const cases = new Cases(its.told)
  cases.add(moments, random, chanceOf(1))
  return judgeAll(cases, options)
}

/**
 * The power goes before every operation of a recovery, and again before every operation of the one after it: from
 * `starts` media that a first cut left, spread over the lives. `deep`: how many of a recovery's media get the second.
 */
export async function walkRecoveries(
  work: Work,
  starts: number,
  deep: number,
  options: WalkOptions = WHOLE,
): Promise<Walked> {
  const its = machine(work, options)
  const chance = chanceOf(2)
  const first = new Cases(its.told)
  first.add(await record(its, () => lives(its, work)), 1, chance)
  const second = new Cases(its.told)
  for (const one of spread(first.distinct, starts)) await recoverFrom(one, second, chance, options)
  const third = new Cases(its.told)
  for (const one of spread(second.distinct, deep)) await recoverFrom(one, third, chance, options)
  const walked = [await judgeAll(second, options), await judgeAll(third, options)]
  return total(walked)
}

async function recoverFrom(
  from: Case,
  into: Cases,
  chance: () => number,
  { under, signer }: Surroundings,
): Promise<void> {
  const files = from.files.image()
  const again: Machine = { files, told: new Told(), under, signer, signEveryMs: 0 }
  const moments = await record(again, async () => (await start(again)).close())
  // What recovery itself signs is not held against it here: its own next start judges that.
  into.add(
    moments.map(moment => ({ ...moment, acknowledged: from.acknowledged, heads: from.heads })),
    0,
    chance,
  )
}

/**
 * The process is killed before every operation, and another starts on the same page cache; after that start the power
 * goes, and nothing unwritten survives: what the first left undone, the second must have done.
 */
export async function walkKills(work: Work, options: WalkOptions = WHOLE): Promise<Walked> {
  const its = machine(work, options)
  const moments = await record(its, () => lives(its, work))
  const wrong: string[] = []
  for (const moment of moments) {
    if (options.untilWrong && wrong.length > 0) break
    const started: Case = { ...moment, files: moment.files.image(), told: its.told }
    const found = await judgeBoth(started, options)
    if (found !== undefined) wrong.push(`killed before ${moment.operation}: ${found}`)
  }
  return { points: moments.length, outcomes: 2 * moments.length, judged: 2 * moments.length, wrong }
}

/**
 * One operation after another fails with EIO, a sync marking its pages clean; the process ends and another starts on
 * the same page cache, or on what is left of it. After that start the power goes, and nothing unwritten survives.
 */
export async function walkFailures(work: Work, options: WalkOptions = WHOLE): Promise<Walked> {
  const wrong: string[] = []
  const count = await countOperations(work, options)
  let judged = 0
  for (let at = 0; at < count; at += 1) {
    if (options.untilWrong && wrong.length > 0) break
    const its = machine(work, options)
    const failed = await livesWith(its, work, n => (n === at ? 'lost' : undefined))
    for (const cache of ['kept', 'dropped']) {
      const moment = momentOf(its, failed)
      if (cache === 'dropped') moment.files.dropCleanPages()
      const started: Case = { ...moment, told: its.told }
      const found = await judgeBoth(started, options)
      judged += 2
      if (found !== undefined) wrong.push(`EIO at ${failed}, cache ${cache}: ${found}`)
    }
  }
  return { points: count, outcomes: judged, judged, wrong }
}

/** A start on the page cache as it is, and after that one on what is left when the power goes and nothing unwritten survives. */
export async function judgeBoth(started: Case, options: Surroundings): Promise<string | undefined> {
  return (await judge(started, options)) ?? judge(withoutUnwritten(started), options)
}

function withoutUnwritten(found: Case): Case {
  return { ...found, files: found.files.afterCut([]) }
}

/** From one operation after another the disk is full, for everything that needs room, until the process has ended. */
export async function walkFull(work: Work, options: WalkOptions = WHOLE): Promise<Walked> {
  const wrong: string[] = []
  const count = await countOperations(work, options)
  let judged = 0
  for (let at = 0; at < count; at += 1) {
    const its = machine(work, options)
    let used = false
    const failed = await livesWith(its, work, (n, { grows }) => {
      used ||= n >= at && grows > 0
      return n >= at && grows > 0 ? 'full' : undefined
    })
    if (!used) break
    const moment = momentOf(its, failed)
    const found = await judgeBoth({ ...moment, told: its.told }, options)
    judged += 2
    if (found !== undefined) wrong.push(`full from ${failed}: ${found}`)
  }
  return { points: judged / 2, outcomes: judged, judged, wrong }
}

async function countOperations(work: Work, options: WalkOptions): Promise<number> {
  const its = machine(work, options)
  return (await record(its, () => lives(its, work))).length - 1
}

/** Runs the lives with faults; resolves, when they are over or have broken off, with the operation that met the first. */
async function livesWith(
  its: Machine,
  work: Work,
  verdictOf: (n: number, operation: Operation) => Verdict,
): Promise<string> {
  let n = -1
  let first = 'nothing'
  its.files.before = operation => {
    n += 1
    const verdict = verdictOf(n, operation)
    if (verdict !== undefined && first === 'nothing') first = `${operation.kind} ${operation.path}`
    return verdict
  }
  // A log that does not start, or does not close, has said so; what it has told by then counts.
  await inSimulatedTime(its.files, () => lives(its, work)).catch(() => undefined)
  its.files.before = () => undefined
  return first
}

function spread(cases: readonly Case[], most: number): Case[] {
  const step = Math.max(1, cases.length / most)
  return Array.from({ length: Math.min(most, cases.length) }, (_, i) => cases[Math.floor(i * step)]).filter(
    one => one !== undefined,
  )
}

export function total(walks: readonly Walked[]): Walked {
  const sum = (of: (walked: Walked) => number): number => walks.reduce((all, one) => all + of(one), 0)
  return {
    points: sum(one => one.points),
    outcomes: sum(one => one.outcomes),
    judged: sum(one => one.judged),
    wrong: walks.flatMap(one => one.wrong),
  }
}
