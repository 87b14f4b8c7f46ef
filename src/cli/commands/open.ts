import type { ConnectionSheet, Grant } from '../../client/answers.ts'
import type { Client } from '../../client/client.ts'
import { parseDuration } from '../../kernel/duration.ts'
import { Fault } from '../../kernel/faults.ts'
import { type Call, type Define, EXIT } from '../call.ts'
import { clientOf } from '../clients/client-of.ts'
import { grantFields, standing } from '../grant-lines.ts'
import { withStepUp } from '../step-up.ts'
import { clock, span } from '../times.ts'
import { isPending, waitForGrant } from '../wait-for-grant.ts'

interface Options {
  readonly reason: string
  readonly incident?: string
  readonly for?: string
  readonly procedure?: string
  readonly code?: string
  readonly wait: string
  readonly unanswered?: boolean
  readonly connect?: boolean
}

export const open: Define = (command, run) => {
  command
    .argument('<target>', 'what to get into; `breakglass status` lists targets')
    .requiredOption('-r, --reason <text>', 'why: a sentence for the log, the approver and the review')
    .option('-i, --incident <id>', 'the incident; without it every open one is tried')
    .option('-f, --for <duration>', 'for how long, such as 30m; the procedure says the most')
    .option('-p, --procedure <name>', 'which procedure, when several match')
    .option('--code <digits>', 'a code of your authenticator app, instead of being asked')
    .option('--wait <duration>', 'how long to wait for an answer; 0s does not wait', '15m')
    .option(
      '--unanswered',
      'open it yourself once nobody has answered for long enough, if the procedure allows',
    )
    .option('--connect', 'start psql or ssh as soon as it is open')
    .addHelpText(
      'after',
      '\nExit: 0 open, 1 refused, 4 still waiting (the request stays; see `breakglass grants --mine`).\n\nExample:\n  breakglass open orders-db --reason "checkout is down, INC-311" --connect',
    )
    .action(run(openGrant))
}

async function openGrant(call: Call, target: string, options: Options): Promise<number> {
  const waitMs = parseDuration(options.wait)
  if (waitMs === undefined)
    throw new Fault('input.invalid', `${JSON.stringify(options.wait)} is no duration.`, {
      next: 'Write it as 30s, 15m or 1h.',
    })
  const client = call.client()
  const { reason, incident, procedure } = options
  let grant = await client.post<Grant>('/v1/grants', {
    target,
    reason,
    incident,
    procedure,
    duration: options.for,
  })
  call.terminal.say(`Recorded as ${grant.id} under ${grant.procedure}.`)
  grant = await advance(call, client, grant, options, waitMs)
  if (isPending(grant)) {
    call.answer(grant, () => [
      `Not open yet: ${standing(grant)}.`,
      `  See it with \`breakglass show ${grant.id}\`, take it back with \`breakglass withdraw ${grant.id}\`.`,
    ])
    return EXIT.pending
  }
  if (grant.state !== 'active') {
    call.answer(grant, () => [`Refused: the request ${standing(grant)}.`, ...grantFields(grant)])
    return EXIT.refused
  }
  if (options.connect) return (await import('./connect.ts')).connectUnder(call, client, grant, [])
  await show(call, client, grant)
  return EXIT.done
}

/** Shows the factor, waits for the answer, and opens alone where that was asked for and is allowed. */
async function advance(
  call: Call,
  client: Client,
  asked: Grant,
  options: Options,
  waitMs: number,
): Promise<Grant> {
  let grant = asked
  const post = (act: string) => () => client.post<Grant>(`/v1/grants/${grant.id}/${act}`)
  if (grant.state === 'requested') grant = await withStepUp(call, client, post('verify'), options.code)
  if (!isPending(grant)) return grant
  const until = client.now() + waitMs
  grant = await waitForGrant(call, client, grant.id, { until, stopAtUnanswered: options.unanswered === true })
  const { unanswered_from: from } = grant.approval
  if (
    options.unanswered !== true ||
    grant.state !== 'verified' ||
    from === undefined ||
    Date.parse(from) > client.now()
  )
    return grant
  call.terminal.say(
    'Nobody has answered. Show a factor again to open it alone, for a shorter time and with the loudest alert.',
  )
  grant = await withStepUp(call, client, post('open_unanswered'))
  return isPending(grant) ? waitForGrant(call, client, grant.id, { until, stopAtUnanswered: false }) : grant
}

async function show(call: Call, client: Client, grant: Grant): Promise<void> {
  const sheet = await client.post<ConnectionSheet>(`/v1/grants/${grant.id}/credential`)
  const { lines, facts } = clientOf(sheet.protocol).describe(call, client, sheet)
  call.answer({ grant, connection: { ...sheet, ...facts } }, () => [
    `${call.terminal.paint('green', 'Open')} until ${clock(sheet.ends_at)} (${span(Date.parse(sheet.ends_at) - client.now())}). Everything you do is recorded and will be reviewed.`,
    '',
    'Connect with',
    `  breakglass connect ${grant.id.slice(-8)}`,
    'or with a client of yours; the password is shown only here:',
    ...lines,
    '',
    `When you are done: breakglass close ${grant.id.slice(-8)}`,
  ])
}
