import { Fault } from '../../kernel/faults.ts'
import type { Call, Define } from '../call.ts'

export const enrol: Define = (command, run) => {
  command
    .argument('<link>', 'the one-time link you were given')
    .addHelpText(
      'after',
      '\nA passkey is better and needs the browser: open the link there. Here a password and an authenticator app are registered.',
    )
    .action(run(enrolHere))
}

async function enrolHere(call: Call, link: string): Promise<void> {
  const enrolment = link.includes('#') ? link.slice(link.indexOf('#') + 1) : link
  if (!/^[A-Za-z0-9_-]{8,64}$/.test(enrolment))
    throw new Fault('input.invalid', 'This is no enrolment link.', {
      next: 'Give the whole link in quotes: what follows the # is the secret.',
    })
  const client = call.stranger()
  const { terminal } = call
  const who = await client.post<{ handle: string; name: string; organisation: string }>('/v1/enrol/begin', {
    enrolment,
  })
  terminal.say(`Enrolling ${who.name} (${who.handle}) at ${who.organisation}.`)
  const password = await terminal.ask('New password, at least 12 characters: ', 'hidden')
  if ((await terminal.ask('The same again: ', 'hidden')) !== password)
    throw new Fault('input.invalid', 'The two passwords differ.', {
      next: 'Run the command again; the link is still good.',
    })
  const { secret, uri } = await client.post<{ secret: string; uri: string }>('/v1/enrol/totp/begin', {
    enrolment,
  })
  terminal.say(
    `Add this secret to your authenticator app:\n  ${secret.match(/.{1,4}/g)?.join(' ') ?? secret}\n  ${uri}`,
  )
  const code = await terminal.ask('Code it shows now: ')
  await client.post('/v1/enrol/totp/finish', { enrolment, password, code: code.replaceAll(' ', '') })
  call.answer({ handle: who.handle, done: true }, () => [
    `Enrolled. Sign in with \`breakglass login --handle ${who.handle}\`.`,
  ])
}
