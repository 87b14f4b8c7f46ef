import type { PolicyStatus } from '../client/answers.ts'
import { fields } from './table.ts'

export function policyLines({
  digest,
  procedures,
  offered,
  alert,
  problems,
}: PolicyStatus): readonly string[] {
  return [
    ...fields([
      ['in force', digest],
      ['procedures', procedures.join(', ') || 'none: nothing can be opened'],
      [
        'offered',
        offered &&
          `${offered.digest} (accepted by ${offered.accepted_by.join(', ') || 'nobody'}; ${offered.needed} needed)`,
      ],
      ['note', alert],
    ]),
    ...problems.map(
      ({ file, line, column, message, next }) => `${file}:${line}:${column}: ${message}\n  ${next}`,
    ),
    ...(offered
      ? [`Owners accept it with \`breakglass policy accept ${offered.digest.slice(0, 12)}\`.`]
      : []),
  ]
}
