import type { Action } from '../../../target/action.ts'

/**
 * The fast path names a function by its number and hides its arguments. Only large-object functions are known by number
 * (pg_proc.dat, stable since their release); libpq's lo_* and pg_dump use these and nothing else.
 */
const LARGE_OBJECTS: Readonly<Record<number, { readonly name: string; readonly writes: boolean }>> = {
  715: { name: 'lo_create', writes: true },
  952: { name: 'lo_open', writes: false },
  953: { name: 'lo_close', writes: false },
  954: { name: 'loread', writes: false },
  955: { name: 'lowrite', writes: true },
  956: { name: 'lo_lseek', writes: false },
  957: { name: 'lo_creat', writes: true },
  958: { name: 'lo_tell', writes: false },
  964: { name: 'lo_unlink', writes: true },
  1004: { name: 'lo_truncate', writes: true },
  3170: { name: 'lo_lseek64', writes: false },
  3171: { name: 'lo_tell64', writes: false },
  3172: { name: 'lo_truncate64', writes: true },
}

const NEXT = 'Call it with SELECT, which can be judged.'

/** A FunctionCall as an action: what is not known by its number is refused, whatever the procedure says. */
export function functionCallAction(oid: number, refuse: readonly string[]): Action {
  const known = LARGE_OBJECTS[oid]
  const base = { kind: 'function_call', detail: { oid } }
  if (known === undefined) {
    const what = 'a function called by its number (fast path)'
    return {
      ...base,
      verbs: ['function_call'],
      writes: true,
      objections: [{ rule: 'function_call', what, next: NEXT }],
    }
  }
  const rule = ['writes', 'side_effect_functions'].find(name => refuse.includes(name))
  const refused = known.writes && rule !== undefined
  return {
    ...base,
    verbs: [known.name],
    writes: known.writes,
    objections: refused
      ? [{ rule, what: `${known.name} changes a large object`, next: 'Ask for a procedure that allows it.' }]
      : [],
  }
}
