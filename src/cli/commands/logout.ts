import { removeProfile } from '../../client/profile.ts'
import { isFault } from '../../kernel/faults.ts'
import type { Call, Define } from '../call.ts'

export const logout: Define = (command, run) => {
  command.action(run(signOut))
}

/** Ends the token at the server and forgets it here; a token that has ended already is only forgotten. */
async function signOut(call: Call): Promise<void> {
  const client = call.client()
  try {
    await client.post('/v1/signout')
  } catch (error) {
    if (!isFault(error, 'identity.unauthenticated')) throw error
  } finally {
    removeProfile(client.url, call.terminal.env)
  }
  call.answer({ url: client.url, done: true }, () => [`Signed out of ${client.url}.`])
}
