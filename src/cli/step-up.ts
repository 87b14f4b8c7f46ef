import type { Me } from '../client/answers.ts'
import type { Client } from '../client/client.ts'
import { Fault, isFault } from '../kernel/faults.ts'
import type { Call } from './call.ts'
import { pause } from './pause.ts'

interface Wanted {
  readonly factor: string
  readonly withinMs: number
}

/**
 * Runs an operation; when the server wants a fresh factor, asks for it here and runs it once more. `code`: a TOTP code given
 * on the command line, used instead of asking.
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
    const { factor, within_ms } = error.facts
    await stepUp(
      call,
      client,
      {
        factor: typeof factor === 'string' ? factor : 'passkey',
        withinMs: typeof within_ms === 'number' ? within_ms : 120_000,
      },
      code,
    )
    return operation()
  }
}

/** A code is asked for here where it suffices and there is one; a passkey is shown in the browser, by a link that both screens number. */
async function stepUp(call: Call, client: Client, wanted: Wanted, code: string | undefined): Promise<void> {
  const me = await client.get<Me>('/v1/me')
  const hasTotp = me.factors.some(({ kind }) => kind === 'totp')
  if (wanted.factor === 'totp' && code !== undefined) {
    await client.post('/v1/stepup/totp', { code })
    return
  }
  if (code !== undefined)
    throw new Fault('input.invalid', `A code does not suffice: a ${wanted.factor} is wanted.`, {
      next: 'Leave --code out and follow the link.',
    })
  if (wanted.factor === 'totp' && hasTotp && call.terminal.interactive) {
    const typed = await call.terminal.ask('Code of your authenticator app (empty for a passkey): ')
    if (typed !== '') {
      await client.post('/v1/stepup/totp', { code: typed.replaceAll(' ', '') })
      return
    }
  }
  await inBrowser(call, client, wanted, new Set(me.proofs.map(({ factor, at }) => `${factor} ${at}`)))
}

async function inBrowser(
  call: Call,
  client: Client,
  { factor, withinMs }: Wanted,
  before: ReadonlySet<string>,
): Promise<void> {
  const { link, code, expires_at } = await client.post<{ link: string; code: string; expires_at: string }>(
    '/v1/stepup/link',
  )
  call.terminal.say(
    `Show your ${factor} in the browser; the page must say ${call.terminal.paint('bold', code)}:\n  ${link}`,
  )
  while (Date.now() < Date.parse(expires_at)) {
    call.terminal.status(`Waiting for your ${factor} …`)
    await pause(1_000, call.terminal.interrupted)
    const { proofs } = await client.get<Me>('/v1/me')
    const fresh = proofs.some(
      proof => !before.has(`${proof.factor} ${proof.at}`) && Date.now() - Date.parse(proof.at) < withinMs,
    )
    if (fresh) {
      call.terminal.status(undefined)
      return
    }
  }
  call.terminal.status(undefined)
  throw new Fault('identity.step_up_required', 'The link was not used in time.', {
    next: 'Run the command again.',
  })
}
