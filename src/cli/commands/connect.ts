import { spawn } from 'node:child_process'
import type { ConnectionSheet } from '../../client/answers.ts'
import type { Client } from '../../client/client.ts'
import { pinnedCa } from '../../client/profile.ts'
import { Fault } from '../../kernel/faults.ts'
import type { Call, Define } from '../call.ts'
import { demandPostgres, FOREIGN_LIBPQ, libpqEnvironment } from '../connection.ts'
import { allGrants, grantId } from '../names.ts'

export const connect: Define = (command, run) => {
  command
    .argument('<target-or-grant>', 'a target you have an active grant for, or the grant')
    .argument(
      '[client...]',
      'arguments for psql, after --; a first word without a hyphen names another client',
    )
    .addHelpText(
      'after',
      '\nExit: the code of the client.\n\nExamples:\n  breakglass connect orders-db\n  breakglass connect orders-db -- -c "select 1"\n  breakglass connect orders-db -- pg_dump --table=orders',
    )
    .action(run(connectTo))
}

async function connectTo(call: Call, what: string, args: readonly string[]): Promise<number> {
  const client = call.client()
  return connectUnder(call, client, await grantFor(client, what), args)
}

/** Takes a login of its own, so that this connection can be told from others in the record. */
export async function connectUnder(
  call: Call,
  client: Client,
  grant: string,
  args: readonly string[],
): Promise<number> {
  const sheet = await client.post<ConnectionSheet>(`/v1/grants/${grant}/credential`)
  demandPostgres(sheet)
  const own = Object.entries(call.terminal.env).filter(([name]) => !FOREIGN_LIBPQ.includes(name))
  const env = {
    ...Object.fromEntries(own),
    ...libpqEnvironment(sheet, pinnedCa(client.url, sheet.ca, call.terminal.env)),
  }
  const [first, ...rest] = args
  const named = first !== undefined && !first.startsWith('-')
  return runClient(named ? first : 'psql', named ? rest : args, env)
}

async function grantFor(client: Client, what: string): Promise<string> {
  const mine = (await allGrants(client)).filter(grant => grant.mine && grant.target === what)
  const active = mine.find(({ state }) => state === 'active')
  if (active) return active.id
  const waiting = mine.find(({ state }) => ['requested', 'verified', 'approved'].includes(state))
  if (waiting)
    throw new Fault('grant.not_active', `Your request for ${what} is not open yet.`, {
      next: `See what it waits for: breakglass show ${waiting.id}`,
    })
  if (mine.length > 0)
    throw new Fault('grant.not_active', `You have no active grant for ${what}.`, {
      next: `Ask with \`breakglass open ${what} --reason …\`.`,
    })
  return grantId(client, what).catch(() => {
    throw new Fault(
      'not_found',
      `${JSON.stringify(what)} is neither a grant nor a target you have one for.`,
      { next: `Ask with \`breakglass open TARGET --reason …\`.` },
    )
  })
}

function runClient(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env })
    // Ctrl-C belongs to the client: psql cancels its query with it.
    const ignore = (): void => undefined
    process.on('SIGINT', ignore)
    child.once('error', cause =>
      reject(
        new Fault('unavailable', `${program} cannot be started (${(cause as NodeJS.ErrnoException).code}).`, {
          next: 'Install the PostgreSQL client, or name another one after --.',
          cause,
        }),
      ),
    )
    child.once('exit', (code, signal) => {
      process.off('SIGINT', ignore)
      resolve(code ?? (signal === null ? 1 : 128 + (SIGNALS[signal] ?? 0)))
    })
  })
}

const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGPIPE: 13,
  SIGTERM: 15,
}
