import { isFault } from '../kernel/faults.ts'
import { readKept } from './kept-set.ts'
import type { Known } from './known.ts'
import { emptySet, loadAccepted, loadProcedures } from './load.ts'
import type { Problem } from './problem.ts'
import type { ProcedureSet } from './procedure.ts'
import type { SourceFile } from './read-yaml.ts'

export interface AtStart {
  /** What lies in the folder. */
  readonly files: readonly SourceFile[]
  /** Digest the control log says is in force. */
  readonly inForce: string | undefined
  /** The vault record under that digest, if it is there. */
  readonly kept: Uint8Array | undefined
  readonly known: Known
}

export interface Chosen {
  readonly set: ProcedureSet
  /** A valid set in the folder that is not in force: for `offerSet`. */
  readonly offered?: ProcedureSet
  /** Why the folder does not decide; raised as an alert. Absent when the accepted set lies there untouched. */
  readonly alert?: string
  /** What is wrong with the folder, or was left out of the accepted set. */
  readonly problems: readonly Problem[]
}

/**
 * The set in force after a start, and after a reload. Pure. A folder with a bad or unaccepted set leaves the last accepted one in
 * force; when that cannot be read either, nothing is: nobody gets in by damaging it.
 */
export function chooseAtStart({ files, inForce, kept, known }: AtStart): Chosen {
  const folder = loadProcedures(files, known)
  if (folder.ok && folder.set.digest === inForce) return { set: folder.set, problems: [] }
  const offered = folder.ok ? { offered: folder.set } : {}
  const problems = folder.ok ? [] : folder.problems
  const why = folder.ok
    ? `The procedures in the folder (${brief(folder.set.digest)}) are not accepted`
    : `The procedures in the folder are not valid (${problems.length} ${problems.length === 1 ? 'problem' : 'problems'})`

  if (inForce === undefined) {
    return {
      set: emptySet(),
      ...offered,
      alert: `${why}, and none were before: nobody can break the glass.`,
      problems,
    }
  }
  const accepted = reread(kept, inForce, known)
  if (accepted === undefined) {
    const alert = `${why}, and the kept bytes of the accepted ones (${brief(inForce)}) are missing or damaged: nobody can break the glass.`
    return { set: emptySet(), ...offered, alert, problems }
  }
  const left =
    accepted.problems.length === 0
      ? ''
      : ` Left out, as the configuration no longer supports them: ${names(accepted.problems)}.`
  return {
    set: accepted.set,
    ...offered,
    alert: `${why}; the last accepted ones (${brief(inForce)}) stay in force.${left}`,
    problems: [...problems, ...accepted.problems],
  }
}

function reread(
  kept: Uint8Array | undefined,
  digest: string,
  known: Known,
): { readonly set: ProcedureSet; readonly problems: readonly Problem[] } | undefined {
  if (kept === undefined) return undefined
  try {
    const read = loadAccepted(readKept(kept), known)
    return read.ok && read.set.digest === digest ? read : undefined
  } catch (cause) {
    if (isFault(cause, 'policy.invalid')) return undefined
    throw cause
  }
}

function brief(digest: string): string {
  return digest.slice(0, 12)
}

function names(problems: readonly Problem[]): string {
  return [...new Set(problems.map(({ file }) => file))].join(', ')
}
