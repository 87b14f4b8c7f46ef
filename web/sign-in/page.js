import { call, post } from './api.js'
import { enrol } from './enrol.js'
import { login } from './login.js'
import { createPasskey } from './passkey.js'
import { signIn } from './sign-in.js'
import { stepUpForTerminal, stepUpHere } from './step-up.js'
import { act, does, refuse, say, show, startClock, timeOf } from './view.js'

const asked = new URLSearchParams(location.search)

/** Where to go afterwards: a path of ours, never another site. */
function destination() {
  const then = asked.get('then')
  if (!then) return undefined
  const url = new URL(then, location.origin)
  return url.origin === location.origin ? url.pathname + url.search + url.hash : undefined
}

/** Who is signed in here, if anybody. */
async function whoami() {
  try {
    return await call('GET', '/v1/me')
  } catch (error) {
    if (error.code === 'identity.unauthenticated' || error.code === 'identity.disabled') return undefined
    throw error
  }
}

/** Runs `page` as whoever is signed in, after signing in when nobody is. */
async function signedIn(why, page) {
  const me = await whoami()
  if (me) return page(me)
  signIn(why, async () => page(await call('GET', '/v1/me')))
}

function done(title, what, next, go) {
  const pane = show('done', title)
  say(pane, 'what', what)
  const button = act(pane, 'next')
  button.hidden = next === undefined
  if (next === undefined) return
  button.textContent = next
  does(button, next, go)
}

async function home(me) {
  const to = destination()
  if (to !== undefined) {
    location.assign(to)
    return
  }
  const pane = show('me', me.name)
  const [proof] = me.proofs
  say(pane, 'until', `You are signed in as ${me.handle} until ${timeOf(me.expires_at)}.`)
  say(pane, 'groups', me.groups.join(', ') || 'none')
  say(pane, 'factors', me.factors.map(({ kind }) => kind).join(', '))
  say(pane, 'proof', proof ? `${proof.factor} at ${timeOf(proof.at)}` : 'none')
  does(act(pane, 'sign-out'), 'Signing out', async () => {
    await post('/v1/signout')
    done('You are signed out', 'Nothing is kept in this browser.', 'Sign in', async () => start())
  })
  does(act(pane, 'add'), 'Waiting for passkey', async () => {
    const add = async () => {
      const { attempt, options } = await post('/v1/factors/passkey/begin')
      await post('/v1/factors/passkey/finish', { attempt, response: await createPasskey(options) })
      await home(await call('GET', '/v1/me'))
    }
    try {
      await add()
    } catch (error) {
      if (error.code !== 'identity.step_up_required') throw error
      stepUpHere(me, 'To change your factors takes one of the last five minutes.', add)
    }
  })
}

async function start() {
  const code = asked.get('code') ?? ''
  switch (location.pathname) {
    case '/enrol': {
      const enrolment = location.hash.slice(1)
      // Out of the address bar, the history and anything that looks over the shoulder.
      history.replaceState(null, '', '/enrol')
      return enrol(enrolment, title =>
        done(
          title,
          'Sign in once, now, to see that it works before you need it.',
          'Go to sign-in',
          async () => {
            location.assign('/sign-in')
          },
        ),
      )
    }
    case '/step-up':
      if (code !== '') {
        return stepUpForTerminal(code, () =>
          done('Your terminal has it', 'Go back to it; it goes on by itself. You can close this page.'),
        )
      }
      return signedIn('Sign in first; that shows a factor as well.', me =>
        stepUpHere(me, 'What you are about to do takes one shown just now.', async () =>
          home(await call('GET', '/v1/me')),
        ),
      )
    case '/login':
      return signedIn('To let a terminal in, sign in first.', me => login(me, code, done))
    default:
      return signedIn(undefined, home)
  }
}

startClock()
start().catch(error => refuse(show('sign-in'), error))
