import type { Grant } from '../../client/answers.ts'
import type { Client } from '../../client/client.ts'
import type { Call, Define } from '../call.ts'
import { clientOf, protocolOf } from '../clients/client-of.ts'
import { runClient } from '../clients/run-client.ts'
import { activeGrant } from '../names.ts'

export const connect: Define = (command, run) => {
  command
    .argument('<target-or-grant>', 'a target you have an active grant for, or the grant')
    .argument(
      '[client...]',
      'after --: arguments for psql or ssh, or another client (pg_dump, scp, rsync) and its arguments',
    )
    .addHelpText(
      'after',
      '\nExit: the code of the client.\n\nExamples:\n  breakglass connect orders-db\n  breakglass connect orders-db -- -c "select 1"\n  breakglass connect orders-db -- pg_dump --table=orders\n  breakglass connect web-1\n  breakglass connect web-1 -- systemctl restart nginx\n  breakglass connect web-1 -- scp web-1:/var/log/nginx/error.log .\n  breakglass connect web-1 -- ansible web-1 -i web-1, -m ping\n\nscp, sftp, rsync, git and ansible as the first word run here, set up for the host;\nin one word with what follows they run there: "git -C /srv/web log -1"',
    )
    .action(run(connectTo))
}

async function connectTo(call: Call, what: string, args: readonly string[]): Promise<number> {
  const client = call.client()
  return connectUnder(call, client, await activeGrant(client, what), args)
}

export async function connectUnder(
  call: Call,
  client: Client,
  grant: Grant,
  args: readonly string[],
): Promise<number> {
  const native = clientOf(await protocolOf(client, grant.target))
  return runClient(await native.prepare(call, client, grant, args))
}
