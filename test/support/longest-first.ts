import { readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const ROOT = join(import.meta.dirname, '..', '..')

/** Seconds of the files that take long, by their path; written by `node scripts/durations.mjs` from the last run. */
const SECONDS: Readonly<Record<string, number>> = JSON.parse(
  readFileSync(join(import.meta.dirname, 'durations.json'), 'utf8'),
)

interface Place {
  readonly spec: TestSpecification
  readonly seconds: number
  readonly alone: boolean
  readonly bytes: number
}

/**
 * The order of the files: what takes long goes first, so that no worker is left with it at the end. Then the rest by size;
 * files that share a process come last, one after the other, because a process is kept only from one such file to the next.
 */
export class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const places = files.map(
      (spec): Place => ({
        spec,
        seconds: SECONDS[relative(ROOT, spec.moduleId)] ?? 0,
        alone: spec.project.config.isolate,
        bytes: statSync(spec.moduleId).size,
      }),
    )
    places.sort((a, b) => b.seconds - a.seconds || Number(b.alone) - Number(a.alone) || b.bytes - a.bytes)
    return Promise.resolve(places.map(({ spec }) => spec))
  }
}
