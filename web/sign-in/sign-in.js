import { post } from './api.js'
import { getPasskey } from './passkey.js'
import { act, does, opens, say, show } from './view.js'

/** Asks for a sign-in, then goes on with `then`. */
export function signIn(why, then) {
  const pane = show('sign-in')
  if (why) say(pane, 'why', why)
  const form = pane.querySelector('form')
  opens(act(pane, 'other'), form, act(pane, 'passkey'))
  does(act(pane, 'passkey'), 'Waiting for passkey', async () => {
    const { attempt, options } = await post('/v1/signin/passkey/begin')
    await post('/v1/signin/passkey/finish', { attempt, response: await getPasskey(options) })
    await then()
  })
  does(form, 'Checking', async ({ handle, password, code }) => {
    await post('/v1/signin/password', { handle, password, code })
    form.reset()
    await then()
  })
}
