import { type Expression, type Frame, list, NoValue, type Value } from './expression.ts'

/** What a loop does with the value its body has for each item. `slot`: where the body finds the item. */
type Loop = (range: Expression, body: Expression, slot: number) => Expression

/** The loops of CEL (language definition, "Macros") by name. Each body evaluated costs one step of the frame. */
export const LOOPS: Readonly<Record<string, Loop>> = {
  exists: (range, body, slot) => quantified(true, range, body, slot),
  all: (range, body, slot) => quantified(false, range, body, slot),
  exists_one: (range, body, slot) =>
    collected(range, body, slot, results => results.filter(([, result]) => result === true).length === 1),
  filter: (range, body, slot) =>
    collected(range, body, slot, results =>
      results.flatMap(([item, result]) => (result === true ? [item] : [])),
    ),
  map: (range, body, slot) => collected(range, body, slot, results => results.map(([, result]) => result)),
}

/** Ends at the first decisive item; an item without a value counts only when none is decisive. */
function quantified(decisive: boolean, range: Expression, body: Expression, slot: number): Expression {
  return frame => {
    const items = range(frame)
    if (items instanceof NoValue) return items
    let missing: NoValue | undefined
    for (const item of list(items)) {
      const result = run(frame, body, slot, item)
      if (result === decisive) return decisive
      if (result instanceof NoValue) missing ??= result
    }
    return missing ?? !decisive
  }
}

/** Needs a value for every item. */
function collected(
  range: Expression,
  body: Expression,
  slot: number,
  finish: (results: readonly (readonly [Value, Value])[]) => Value,
): Expression {
  return frame => {
    const items = range(frame)
    if (items instanceof NoValue) return items
    const results: [Value, Value][] = []
    for (const item of list(items)) {
      const result = run(frame, body, slot, item)
      if (result instanceof NoValue) return result
      results.push([item, result])
    }
    return finish(results)
  }
}

const TOO_MANY = new NoValue('it takes too many steps')

function run(frame: Frame, body: Expression, slot: number, item: Value): Value {
  if (--frame.steps < 0) return TOO_MANY
  frame.loop[slot] = item
  return body(frame)
}
