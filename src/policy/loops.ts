import { type Expression, type Frame, list, noValue, type Value } from './expression.ts'

/** What a loop does with the value its body has for each item. `slot`: where the body finds the item. */
type Loop = (range: Expression, body: Expression, slot: number) => Expression

/** The loops of CEL (language definition, "Macros") by name. Each body evaluated costs one step of the frame. */
export const LOOPS: Readonly<Record<string, Loop>> = {
  exists: (range, body, slot) => quantified(true, range, body, slot),
  all: (range, body, slot) => quantified(false, range, body, slot),
  exists_one: (range, body, slot) => frame => {
    let found = 0
    for (const item of list(range(frame))) if (run(frame, body, slot, item) === true) found++
    return found === 1
  },
  filter: (range, body, slot) => frame =>
    list(range(frame)).filter(item => run(frame, body, slot, item) === true),
  map: (range, body, slot) => frame => list(range(frame)).map(item => run(frame, body, slot, item)),
}

/** Ends at the first decisive item; an item without a value counts only when none is decisive. */
function quantified(decisive: boolean, range: Expression, body: Expression, slot: number): Expression {
  return frame => {
    let failure: { readonly cause: unknown } | undefined
    for (const item of list(range(frame))) {
      try {
        if (run(frame, body, slot, item) === decisive) return decisive
      } catch (cause) {
        failure ??= { cause }
      }
    }
    if (failure !== undefined) throw failure.cause
    return !decisive
  }
}

function run(frame: Frame, body: Expression, slot: number, item: Value): Value {
  if (--frame.steps < 0) noValue('it takes too many steps')
  frame.loop[slot] = item
  return body(frame)
}
