import type { Me } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { fields } from '../table.ts'
import { clock } from '../times.ts'

export const whoami: Define = (command, run) => {
  command.action(run(tellWho))
}

async function tellWho(call: Call): Promise<void> {
  const client = call.client()
  const me = await client.get<Me>('/v1/me')
  const [latest] = me.proofs
  call.answer(me, () =>
    fields([
      ['who', `${me.name} (${me.handle})`],
      ['groups', me.groups.join(', ') || 'none'],
      ['server', client.url],
      ['token', `${me.kind}, until ${clock(me.expires_at)}`],
      ['factors', me.factors.map(({ kind }) => kind).join(', ') || 'none'],
      [
        'last shown',
        latest === undefined ? 'never with this token' : `${latest.factor} at ${clock(latest.at)}`,
      ],
    ]),
  )
}
