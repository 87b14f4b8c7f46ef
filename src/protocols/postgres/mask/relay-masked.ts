import { Fault, isFault } from '../../../kernel/faults.ts'
import type { SessionEnd } from '../../../target/action.ts'
import type { Guard } from '../../../target/protocol.ts'
import type { PostgresTarget } from '../dial/dial.ts'
import type { PostgresClient } from '../login/client.ts'
import { warningNotice } from '../messages/native-error.ts'
import { relay, type RelayOptions } from '../relay/relay.ts'
import { AnswerMasks } from './answer-masks.ts'
import { readPatterns, type ColumnPattern } from './column-pattern.ts'
import { loadCatalog } from './load-catalog.ts'
import type { MaskLinks } from './mask-links.ts'
import { SessionMasks } from './session-masks.ts'

/**
 * As `relay`, for a session whose procedure masks columns: they are looked up at the target before the first message passes.
 * Never throws: what cannot be masked is a session that does not begin.
 */
export async function relayMasked(
  client: PostgresClient,
  target: PostgresTarget,
  guard: Guard,
  options: RelayOptions,
  links: MaskLinks,
): Promise<SessionEnd> {
  const { inspector } = options
  const link = links.take(target.settings, target.database)
  let masks: SessionMasks
  let notice: Buffer
  try {
    const patterns = readPatterns(guard.rules.mask)
    const load = () => loadCatalog(link.ask, patterns, text => inspector.outline(text))
    masks = new SessionMasks(inspector, load, await load())
    notice = warningNotice(masksNotice(patterns))
  } catch (cause) {
    link.release()
    target.close()
    const fault = isFault(cause)
      ? cause
      : new Fault('internal', 'the masks of this session could not be prepared', { cause })
    await client.refuse(fault).catch(() => undefined)
    return { reason: 'target', text: fault.message }
  }
  const running = relay(client, target, guard, {
    ...options,
    inspector: masks,
    masks: { answers: new AnswerMasks(masks), notice },
  })
  return running.finally(() => link.release())
}

/** What the person is told at the start. */
function masksNotice(patterns: readonly ColumnPattern[]): string {
  const named = patterns.map(({ written, keep }) =>
    keep === 'nothing' ? written : `${written} (${keep} is kept)`,
  )
  return `breakglass masks ${named.join(', ')}: shown masked as plain result columns, refused in any other use.`
}
