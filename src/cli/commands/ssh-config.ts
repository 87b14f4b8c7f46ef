import type { Grant } from '../../client/answers.ts'
import type { Client } from '../../client/client.ts'
import { Fault } from '../../kernel/faults.ts'
import type { Call, Define } from '../call.ts'
import { protocolOf } from '../clients/client-of.ts'
import { isIncluded, refreshConfig, writeConfig } from '../clients/ssh-config-file.ts'
import { blockOf, configLogin, filesOf, type SshLogin } from '../clients/ssh-logins.ts'
import { activeGrant, allGrants } from '../names.ts'
import { clock, span } from '../times.ts'

interface Options {
  readonly write?: boolean
}

export const sshConfig: Define = (command, run) => {
  command
    .argument('[target-or-grant]', 'one of them; without it all hosts you have an active grant for')
    .option('--write', 'keep them in a file that your ssh config includes once')
    .addHelpText(
      'after',
      '\nWith the block in place every tool that reads ssh_config reaches the host as `web-1` (by a jump: `web-1.jump`),\nuntil the grant ends.\n\nExamples:\n  breakglass ssh-config web-1 --write && rsync -a build/ web-1:/srv/web/\n  breakglass ssh-config web-1 > web-1.config && ssh -F web-1.config web-1',
    )
    .action(run(printConfig))
}

async function printConfig(call: Call, what: string | undefined, options: Options): Promise<void> {
  const client = call.client()
  await refreshConfig(call, client)
  const grants = what === undefined ? await hostGrants(client) : [await hostGrant(client, what)]
  const logins: SshLogin[] = []
  for (const grant of grants) logins.push(await configLogin(call, client, grant))
  const file = options.write === true ? writeConfig(call) : undefined
  const hosts = logins.map(login => ({
    target: login.target,
    grant: login.grant,
    login: login.login,
    host: login.host,
    port: login.port,
    identity_file: filesOf(call, login).key,
    known_hosts_file: filesOf(call, login).knownHosts,
    ends_at: login.ends_at,
    config: blockOf(call, login),
  }))
  call.answer({ hosts, ...(file !== undefined && { file, included: isIncluded(call) }) }, () =>
    file === undefined
      ? logins.flatMap(login => [`# ${until(client, login)}`, blockOf(call, login).trimEnd(), ''])
      : written(call, client, logins, file),
  )
}

function written(call: Call, client: Client, logins: readonly SshLogin[], file: string): readonly string[] {
  return [
    ...logins.map(login => until(client, login)),
    ...(isIncluded(call)
      ? [`${file} is up to date.`]
      : [`Written to ${file}. Once, as the first line of ~/.ssh/config:`, `  Include ${file}`]),
  ]
}

function until(client: Client, { target, ends_at }: SshLogin): string {
  return `${target} until ${clock(ends_at)} (${span(Date.parse(ends_at) - client.now())})`
}

async function hostGrant(client: Client, what: string): Promise<Grant> {
  const grant = await activeGrant(client, what)
  const protocol = await protocolOf(client, grant.target)
  if (protocol === 'ssh') return grant
  throw new Fault('input.invalid', `${grant.target} speaks ${protocol}, not SSH.`, {
    next: `Connect with \`breakglass connect ${grant.target}\`.`,
  })
}

/** The newest of each host. */
async function hostGrants(client: Client): Promise<readonly Grant[]> {
  const active = (await allGrants(client)).filter(({ mine, state }) => mine && state === 'active')
  const newest = active.filter(
    (grant, index) => active.findIndex(({ target }) => target === grant.target) === index,
  )
  const found: Grant[] = []
  for (const grant of newest) if ((await protocolOf(client, grant.target)) === 'ssh') found.push(grant)
  if (found.length > 0) return found
  throw new Fault('grant.not_active', 'You have no active grant for a host.', {
    next: 'Ask with `breakglass open TARGET --reason …`.',
  })
}
