import type { SignedIn } from '../../client/answers.ts'
import type { Client } from '../../client/client.ts'
import { writeProfile } from '../../client/profile.ts'
import type { Call, Define } from '../call.ts'
import { pause } from '../pause.ts'
import { clock } from '../times.ts'

interface Options {
  readonly handle?: string
}

export const login: Define = (command, run) => {
  command
    .option('--handle <handle>', 'sign in here with password and authenticator app, without a browser')
    .addHelpText(
      'after',
      '\nThe token is kept for you alone (0600) in the XDG state folder. Programs use BREAKGLASS_URL and BREAKGLASS_TOKEN instead.',
    )
    .action(run(signIn))
}

async function signIn(call: Call, { handle }: Options): Promise<void> {
  const client = call.stranger()
  const signed = handle === undefined ? await inBrowser(call, client) : await here(call, client, handle)
  writeProfile(
    { url: client.url, token: signed.token, handle: signed.handle, expires_at: signed.expires_at },
    call.terminal.env,
  )
  call.answer({ url: client.url, handle: signed.handle, expires_at: signed.expires_at }, () => [
    `Signed in to ${client.url} as ${signed.handle}, until ${clock(signed.expires_at)}.`,
  ])
}

interface Started {
  readonly poll: string
  readonly code: string
  readonly link: string
  readonly poll_every_ms: number
}

/** The terminal asks, the browser answers (RFC 8628); both show the same code. The server ends the waiting: after its time a poll is refused. */
async function inBrowser(call: Call, client: Client): Promise<SignedIn> {
  const { terminal } = call
  const { poll, code, link, poll_every_ms } = await client.post<Started>('/v1/login/start')
  terminal.say(
    `Open this page and let this terminal in; it must say ${terminal.paint('bold', code)}:\n  ${link}`,
  )
  try {
    for (;;) {
      terminal.status('Waiting for the browser …')
      await pause(poll_every_ms, terminal.interrupted)
      const answer = await client.post<SignedIn | { readonly state: 'pending' }>('/v1/login/poll', { poll })
      if ('token' in answer) return answer
    }
  } finally {
    terminal.status(undefined)
  }
}

async function here(call: Call, client: Client, handle: string): Promise<SignedIn> {
  const password = await call.terminal.ask(`Password of ${handle}: `, 'hidden')
  const code = await call.terminal.ask('Code of your authenticator app: ')
  return client.post<SignedIn>('/v1/signin/password', {
    handle,
    password,
    code: code.replaceAll(' ', ''),
    as: 'cli',
  })
}
