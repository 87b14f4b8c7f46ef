import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Case, CaseResult, Run } from './mutated-session.ts'

export interface CampaignResult {
  readonly cases: number
  readonly mutated: number
  readonly actions: number
  readonly seen: number
  /** How sessions ended, and how many. */
  readonly reasons: Readonly<Record<string, number>>
  /** Bytes of heap that are still held, over what was held after the first tenth. */
  readonly heapGrowth: number
  readonly seconds: number
}

/**
 * Runs cases from `seed` on until `messages` mutated messages were given, a few at a time. A failing case is made smaller, its
 * seed and error are thrown and left in a file. `beside` runs every hundred cases: the healthy session among the sick.
 */
export async function campaign(options: {
  readonly name: string
  readonly run: Run
  readonly seed: number
  readonly messages: number
  readonly atOnce?: number
  readonly beside?: () => Promise<void>
}): Promise<CampaignResult> {
  const { name, run, messages, atOnce = 8 } = options
  const began = performance.now()
  const reasons: Record<string, number> = {}
  let cases = 0
  let mutated = 0
  let actions = 0
  let seen = 0
  let heapAtTenth: number | undefined
  const stray: unknown[] = []
  const keep = (error: unknown): void => void stray.push(error)
  process.on('uncaughtException', keep)
  process.on('unhandledRejection', keep)
  try {
    while (mutated < messages) {
      const batch = Array.from({ length: atOnce }, (_, i): Case => ({ seed: options.seed + cases + i }))
      cases += atOnce
      const results = await Promise.all(batch.map(one => tried(name, run, one)))
      if (stray.length > 0) throw failure(name, batch, stray[0])
      for (const result of results) {
        mutated += result.mutated
        actions += result.actions
        seen += result.seen
        reasons[result.reason] = (reasons[result.reason] ?? 0) + 1
      }
      if (cases % 400 === 0) await options.beside?.()
      if (heapAtTenth === undefined && mutated > messages / 10) heapAtTenth = heapHeld()
    }
    const heapGrowth = heapHeld() - (heapAtTenth ?? 0)
    return { cases, mutated, actions, seen, reasons, heapGrowth, seconds: (performance.now() - began) / 1000 }
  } finally {
    process.removeListener('uncaughtException', keep)
    process.removeListener('unhandledRejection', keep)
  }
}

async function tried(name: string, run: Run, one: Case): Promise<CaseResult> {
  try {
    return await run(one)
  } catch (error) {
    const smaller = await smallest(run, one)
    throw failure(name, [smaller], error)
  }
}

/** Leaves out one message after the other as long as the case still fails. */
async function smallest(run: Run, one: Case): Promise<Case> {
  let without = new Set<number>()
  for (let at = 0; at < 80; at++) {
    const fewer = new Set([...without, at])
    const fails = await run({ ...one, without: fewer }).then(
      () => false,
      () => true,
    )
    if (fails) without = fewer
  }
  return { ...one, without }
}

function failure(name: string, cases: readonly Case[], error: unknown): Error {
  const file = join(mkdtempSync(join(tmpdir(), 'bg-mutated-')), 'case.json')
  const told = cases.map(({ seed, without }) => ({ seed, without: [...(without ?? [])] }))
  writeFileSync(file, JSON.stringify({ name, cases: told, error: String(error) }, undefined, 2))
  const seeds = cases.map(({ seed }) => seed).join(', ')
  return new Error(`${name}: seed ${seeds} fails (${String(error)}); the case is in ${file}`, {
    cause: error,
  })
}

/** Bytes on the heap after a collection. */
export function heapHeld(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
