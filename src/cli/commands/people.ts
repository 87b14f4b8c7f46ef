import type { Person } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { table } from '../table.ts'

export const people: Define = (command, run) => {
  command.action(run(listPeople))
}

async function listPeople(call: Call): Promise<void> {
  const answer = await call.client().get<{ people: readonly Person[] }>('/v1/people')
  call.answer(answer, () => {
    const rows = answer.people.map(({ handle, name, groups, factors, disabled }) => [
      handle,
      name,
      groups.join(', '),
      factors.join(', ') || 'none',
      disabled ? 'disabled' : '',
    ])
    return table(['HANDLE', 'NAME', 'GROUPS', 'FACTORS', ''], rows, call.terminal.columns)
  })
}
