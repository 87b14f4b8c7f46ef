import { Fault } from '../kernel/faults.ts'
import type { Client } from '../client/client.ts'
import { ask, type GrantView, MORE_TIME } from './ask.ts'
import { breakglass } from './breakglass.ts'
import type { SandboxHost } from './host.ts'
import type { Stage } from './stage.ts'

/** No other process of this machine has it on its command line. */
const WORK = `sleep 600.${process.pid}`

/** The orders are there again but checkout still fails: ana looks at the web server, and is cut off at the end of her grant. */
export async function lookAtHost(stage: Stage, host: SandboxHost, ana: Client): Promise<GrantView> {
  const { timeline } = stage
  const grant = await ask(stage, ana, {
    target: 'web-1',
    reason: 'checkout answers 502 although the orders are repaired',
  })
  timeline.heading('She works with ssh, by `breakglass connect web-1 -- …`.')
  const run = async (command: string, good: boolean): Promise<void> => {
    const answer = await breakglass(stage.ana.terminal, ['connect', 'web-1', '--', command])
    if (answer.ok !== good) throw new Fault('internal', `${command}: ${answer.text}`, { next: MORE_TIME })
    timeline.step(`${good ? '      ' : 'refused'} ${command}`.slice(0, 66), answer.ms, answer.text)
  }
  await run(`tail -n 2 ${host.errorLog}`, true)
  await run('rm -rf ./logs', false)

  timeline.heading('The grant ends while a command runs.')
  const ends = Date.parse(grant.ends_at ?? '')
  const cut = await breakglass(stage.ana.terminal, ['connect', 'web-1', '--', WORK])
  timeline.step('cut off by the gateway, counted from the exact second', cut.heardAt - ends, cut.text)
  while (host.runs(WORK)) {
    if (Date.now() - ends > 10_000) throw new Fault('internal', 'Something was left at the host.')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  timeline.step('nothing of it runs at the host any more', Date.now() - ends)
  return grant
}
