import { type Call, type Define, EXIT } from '../call.ts'
import { plain } from '../terminal.ts'

interface Checked {
  readonly ok: boolean
  readonly lines: readonly {
    readonly ok: boolean
    readonly level: 'must' | 'should' | 'info'
    readonly what: string
    readonly next?: string
  }[]
}

export const targetCheck: Define = (command, run) => {
  command
    .argument('<target>', 'the target')
    .addHelpText('after', '\nExit: 0 all that must hold does, 1 something does not.')
    .action(run(check))
}

async function check(call: Call, target: string): Promise<number> {
  const answer = await call.client().get<Checked>(`/v1/targets/${encodeURIComponent(target)}/check`)
  const mark = (ok: boolean, level: string): string => {
    if (level === 'info') return call.terminal.paint('dim', 'info  ')
    if (ok) return call.terminal.paint('green', 'ok    ')
    return level === 'must' ? call.terminal.paint('red', 'FAILS ') : call.terminal.paint('yellow', 'should')
  }
  call.answer(answer, () => [
    ...answer.lines.flatMap(({ ok, level, what, next }) => [
      `${mark(ok, level)}  ${plain(what)}`,
      ...(next === undefined || ok ? [] : [`        ${plain(next)}`]),
    ]),
    answer.ok
      ? 'The target enforces what the configuration says.'
      : `Not ready. \`breakglass target plan ${target}\` prints what its owner runs.`,
  ])
  return answer.ok ? EXIT.done : EXIT.refused
}
