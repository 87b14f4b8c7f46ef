import { post } from './api.js'
import { getPasskey } from './passkey.js'
import { act, does, opens, part, say, show } from './view.js'

/** Shows a passkey for this browser's own sign-in. */
export async function showPasskey() {
  const { attempt, options } = await post('/v1/stepup/passkey/begin')
  await post('/v1/stepup/passkey/finish', { attempt, response: await getPasskey(options) })
}

/** For a terminal that shows `code`: a passkey alone, nobody needs to be signed in here. */
export function stepUpForTerminal(code, then) {
  const pane = show('step-up', 'Your terminal asks for your passkey')
  say(pane, 'why', 'The passkey counts for that terminal and for nothing else.')
  part(pane, 'compare').hidden = false
  say(pane, 'code', code)
  act(pane, 'passkey').textContent = 'Show passkey to the terminal'
  does(act(pane, 'passkey'), 'Waiting for passkey', async () => {
    const { attempt, options } = await post('/v1/stepup/link/begin', { code })
    await post('/v1/stepup/link/finish', { code, attempt, response: await getPasskey(options) })
    then()
  })
}

/** For this browser's own sign-in, by passkey or code. */
export function stepUpHere(me, why, then) {
  const pane = show('step-up', 'Show a factor')
  say(pane, 'why', why)
  part(pane, 'compare').hidden = true
  const passkey = act(pane, 'passkey')
  passkey.textContent = 'Show passkey'
  part(pane, 'totp').hidden = !me.factors.some(({ kind }) => kind === 'totp')
  const form = pane.querySelector('form')
  if (!form.onsubmit) opens(act(pane, 'other'), form, passkey)
  does(passkey, 'Waiting for passkey', async () => {
    await showPasskey()
    await then()
  })
  does(form, 'Checking', async ({ code }) => {
    await post('/v1/stepup/totp', { code })
    form.reset()
    await then()
  })
}
