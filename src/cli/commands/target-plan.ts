import type { Call, Define } from '../call.ts'

export const targetPlan: Define = (command, run) => {
  command
    .argument('<target>', 'the target')
    .addHelpText('after', '\nPrints text to read and run as the owner of the target; changes nothing.')
    .action(run(printPlan))
}

async function printPlan(call: Call, target: string): Promise<void> {
  const answer = await call.client().get<{ plan: string }>(`/v1/targets/${encodeURIComponent(target)}/plan`)
  call.answer(answer, () => [answer.plan.trimEnd()])
}
