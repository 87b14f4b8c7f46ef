import { call, post, Refusal } from './api.js'
import { stepUpHere } from './step-up.js'
import { act, does, part, refuse, say, show } from './view.js'

/** A signed-in person lets the terminal in that shows `code`, or not. */
export async function login(me, code, then) {
  const pane = show('login')
  const form = pane.querySelector('form')
  say(pane, 'who', `You are signed in as ${me.handle}.`)
  does(form, 'Looking', async given => {
    await find(me, given.code, then)
  })
  form.hidden = false
  part(pane, 'ask').hidden = true
  if (code === '') return
  try {
    await find(me, code, then)
  } catch (error) {
    refuse(pane, error)
  }
}

async function find(me, code, then) {
  const path = `/v1/login/${encodeURIComponent(code)}`
  const { source, application } = await call('GET', path)
  const pane = show('login')
  pane.querySelector('form').hidden = true
  part(pane, 'ask').hidden = false
  const letters = code.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
  say(pane, 'code', `${letters.slice(0, 4)}-${letters.slice(4)}`)
  say(pane, 'source', source)
  say(pane, 'application', application || 'did not say')
  const approve = async () => {
    await post(`${path}/approve`)
    then('The terminal is let in', 'Go back to it; it goes on by itself. You can close this page.')
  }
  does(act(pane, 'approve'), 'Letting it in', async () => {
    try {
      await approve()
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'identity.step_up_required') throw error
      stepUpHere(me, 'To let a terminal in takes a factor of the last two minutes.', approve)
    }
  })
  does(act(pane, 'deny'), 'Denying', async () => {
    await post(`${path}/deny`)
    then('The terminal is kept out', 'If you did not ask for it, tell security.')
  })
}
