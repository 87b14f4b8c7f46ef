import { post, Refusal } from './api.js'
import { createPasskey } from './passkey.js'
import { act, does, opens, refuse, say, show } from './view.js'

/** Registers a first factor by the secret behind `#`, which goes from the address bar at once. */
export async function enrol(enrolment, then) {
  const pane = show('enrol')
  const form = pane.querySelector('form')
  const choice = pane.querySelector('[data-part="choice"]')
  try {
    if (enrolment === '') {
      throw new Refusal({
        detail: 'This page takes an enrolment link.',
        next: 'Open the link you were sent, complete with what follows the #. A link that was opened here and then loaded again has to be opened anew.',
      })
    }
    const { handle, name, organisation } = await post('/v1/enrol/begin', { enrolment })
    show('enrol', `${name}, register a factor`)
    say(pane, 'whom', `You are ${handle} at ${organisation}. This link works once.`)
  } catch (error) {
    choice.hidden = true
    refuse(pane, error)
    return
  }
  does(act(pane, 'passkey'), 'Waiting for passkey', async () => {
    const { attempt, options } = await post('/v1/enrol/passkey/begin', { enrolment })
    await post('/v1/enrol/passkey/finish', { enrolment, attempt, response: await createPasskey(options) })
    then('Your passkey is registered')
  })

  const toggle = act(pane, 'app')
  opens(toggle, form, act(pane, 'passkey'))
  const open = toggle.onclick
  toggle.onclick = async () => {
    open()
    if (form.hidden || form.dataset.shown) return
    try {
      const { secret, uri } = await post('/v1/enrol/totp/begin', { enrolment })
      form.dataset.shown = 'yes'
      pane.querySelector('#totp-secret').textContent = secret.match(/.{1,4}/g).join(' ')
      pane.querySelector('#totp-link').href = uri
      const copy = act(pane, 'copy')
      copy.onclick = async () => {
        await navigator.clipboard.writeText(secret)
        copy.textContent = 'Copied'
        setTimeout(() => {
          copy.textContent = 'Copy the secret'
        }, 2000)
      }
    } catch (error) {
      refuse(pane, error)
    }
  }
  does(form, 'Checking', async ({ password, code }) => {
    await post('/v1/enrol/totp/finish', { enrolment, password, code })
    form.reset()
    then('Your password and app are registered')
  })
}
