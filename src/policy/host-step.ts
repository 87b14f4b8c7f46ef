import type { LoadedProcedure } from './procedure.ts'
import type { Step } from './rules.ts'

/** What a scope says of a host, in one sentence to read beside the rules; none where it says nothing. It holds or fails nothing. */
export function hostStep({ name, values }: LoadedProcedure): readonly Step[] {
  const { host, forceCommand } = values.scope
  const said = [
    ...(forceCommand === undefined ? [] : [`runs nothing but ${forceCommand}`]),
    ...(host?.commands === undefined
      ? []
      : [`commands: ${host.commands.join(', ') || 'none'}, and no shell`]),
    ...(host === undefined || host.never.length === 0 ? [] : [`never: ${host.never.join(', ')}`]),
    ...(host === undefined || host.forward.length === 0 ? [] : [`forwards to ${host.forward.join(', ')}`]),
    ...(host === undefined || host.allow.length === 0 ? [] : [`allows ${host.allow.join(', ')}`]),
  ]
  return said.length === 0 ? [] : [{ procedure: name, rule: 'host', ok: true, why: said.join('; ') }]
}
