import type { Me } from '../client/answers.ts'
import type { Client } from '../client/client.ts'
import { Fault, isFault } from '../kernel/faults.ts'
import type { Call } from './call.ts'
import { pause } from './pause.ts'

/**
 * Runs an operation; when the server wants a fresh factor, asks for it here and runs it once more. `code`: of the
 * authenticator app, given on the command line; used instead of asking.
 */
export async function withStepUp<R>(
  call: Call,
  client: Client,
  operation: () => Promise<R>,
  code?: string,
): Promise<R> {
  try {
    return await operation()
  } catch (error) {
    if (!isFault(error, 'identity.step_up_required')) throw error
    await stepUp(call, client, error.facts['factor'] === 'totp' ? 'totp' : 'passkey', code)
    return operation()
  }
}

/** A code is asked for here where it suffices; a passkey is shown in the browser, by a link whose code both screens show. */
async function stepUp(
  call: Call,
  client: Client,
  wanted: 'totp' | 'passkey',
  given: string | undefined,
): Promise<void> {
  const me = await client.get<Me>('/v1/me')
  const has = (kind: string): boolean => me.factors.some(factor => factor.kind === kind)
  const refuse = (message: string, next: string): never => {
    throw new Fault('identity.step_up_required', message, { next })
  }
  if (wanted === 'passkey' && given !== undefined)
    refuse('A code does not suffice here: a passkey is wanted.', 'Leave --code out and follow the link.')
  if (wanted === 'passkey' && !has('passkey'))
    refuse(
      'A passkey is wanted, and you have none.',
      'Ask an administrator for an enrolment link and register one in the browser.',
    )
  const asks = wanted === 'totp' && has('totp') && call.terminal.interactive
  const question = `Code of your authenticator app${has('passkey') ? ' (empty to show a passkey)' : ''}: `
  const code = given ?? (asks ? await call.terminal.ask(question) : '')
  if (code !== '') {
    await client.post('/v1/stepup/totp', { code: code.replaceAll(' ', '') })
    return
  }
  if (!has('passkey'))
    refuse('A code of your authenticator app is wanted.', 'Give it with --code, or run this in a terminal.')
  await inBrowser(call, client, me)
}

/** How long the server keeps such a link. */
const LINK_MS = 5 * 60_000

async function inBrowser(call: Call, client: Client, { proofs }: Me): Promise<void> {
  const before = new Set(proofs.map(({ factor, at }) => `${factor} ${at}`))
  const asked = await client.post<{ link: string; code: string }>('/v1/stepup/link')
  const { terminal } = call
  const end = performance.now() + LINK_MS
  terminal.say(
    `Show your passkey in the browser; the page must say ${terminal.paint('bold', asked.code)}:\n  ${asked.link}`,
  )
  try {
    while (performance.now() < end) {
      terminal.status('Waiting for your passkey …')
      await pause(1_000, terminal.interrupted)
      const me = await client.get<Me>('/v1/me')
      if (me.proofs.some(({ factor, at }) => !before.has(`${factor} ${at}`))) return
    }
  } finally {
    terminal.status(undefined)
  }
  throw new Fault('identity.step_up_required', 'The link was not used in time.', {
    next: 'Run the command again.',
  })
}
