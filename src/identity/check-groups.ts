import { Fault } from '../kernel/faults.ts'

const GROUP = /^[a-z0-9][a-z0-9._-]{0,62}$/
const MOST = 100

/** Sorted, each once. Group names stand in leaf fields: they name duties, not people. */
export function checkGroups(groups: readonly string[]): readonly string[] {
  const wrong = groups.find(group => !GROUP.test(group))
  if (wrong !== undefined || groups.length > MOST) {
    const what =
      wrong === undefined
        ? `More than ${MOST} groups.`
        : `“${wrong.slice(0, 64)}” cannot be the name of a group.`
    throw new Fault('input.invalid', what, {
      next: 'Use lower-case letters, digits, dots, dashes or underscores, as in payments-oncall.',
      facts: { field: 'groups' },
    })
  }
  return [...new Set(groups)].sort()
}
