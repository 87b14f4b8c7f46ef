import type { PolicyDesk, PolicyStatus } from '../api/deps.ts'
import type { Identity } from '../identity/create-identity.ts'
import type { Secrets } from '../identity/secrets.ts'
import { incidentRecord } from '../incident/incident-record.ts'
import { incidents } from '../incident/slice.ts'
import type { Journal } from '../journal/journal.ts'
import { Fault } from '../kernel/faults.ts'
import { acceptSet } from '../policy/accept-set.ts'
import { ACCEPTANCE, procedureSets } from '../policy/acceptance.ts'
import { type Chosen, chooseAtStart } from '../policy/choose-at-start.ts'
import { explain } from '../policy/explain.ts'
import { keepSet, keptName } from '../policy/kept-set.ts'
import { offerSet } from '../policy/offer-set.ts'
import type { Config } from './config/config.ts'
import { knownOf, type ProcedureFile, readProcedureFiles } from './procedure-folder.ts'

export interface PolicyDeskOptions {
  readonly config: Config
  readonly journal: Journal
  readonly secrets: Secrets
  readonly identity: Pick<Identity, 'handleOf'>
  /** The folder does not decide: a sentence for the operator. The log holds the offer, which alerts. */
  readonly onAlert: (text: string) => void
}

/** Milliseconds within which an owner must have shown a second factor to accept a set. */
const FACTOR_WITHIN_MS = 120_000

/** The set in force, the one on offer, and the acts of owners on them. Reads the folder only when told to. */
export async function createPolicyDesk(
  options: PolicyDeskOptions,
): Promise<PolicyDesk & { start(): Promise<void> }> {
  const { config, journal, secrets, identity } = options
  const known = knownOf(config)
  let chosen: Chosen
  let files: readonly ProcedureFile[] = []

  const read = async (): Promise<void> => {
    const inForce = journal.state.get(procedureSets, ACCEPTANCE)?.inForce
    const kept = inForce === undefined ? undefined : await secrets.get(keptName(inForce))
    files = readProcedureFiles(config)
    chosen = chooseAtStart({ files, inForce, kept, known })
  }

  /** The bytes are kept before the log names their digest: what owners accept later is what lay there now. */
  const offer = async (by?: Parameters<typeof offerSet>[2]): Promise<void> => {
    if (chosen.alert !== undefined) options.onAlert(chosen.alert)
    const { offered } = chosen
    const inForce = journal.state.get(procedureSets, ACCEPTANCE)?.inForce
    // An invalid folder offers nothing and takes nothing back: what owners were accepting stays on offer.
    const digest = offered?.digest ?? (chosen.set.digest === inForce ? inForce : undefined)
    if (digest === undefined) return
    if (offered) await secrets.put(keptName(digest), keepSet(files))
    await journal.execute(state => offerSet(state, digest, by))
  }

  const status = (): PolicyStatus => {
    const acceptance = journal.state.get(procedureSets, ACCEPTANCE)
    const offered = chosen.offered
    return {
      digest: chosen.set.digest,
      procedures: [...chosen.set.procedures.keys()].sort(),
      ...(offered && {
        offered: {
          digest: offered.digest,
          accepted_by: (acceptance?.offer?.digest === offered.digest ? acceptance.offer.acceptedBy : []).map(
            person => identity.handleOf(person) ?? person,
          ),
          needed: acceptance?.needed ?? Number.POSITIVE_INFINITY,
        },
      }),
      ...(chosen.alert !== undefined && { alert: chosen.alert }),
      problems: chosen.problems,
    }
  }

  await read()
  return {
    set: () => chosen.set,
    status,
    start: () => offer(),
    explain({ who, target: name, incident, procedure, durationMs }) {
      const target = config.targets.get(name)
      if (!target)
        throw new Fault('target.unknown', `There is no target ${JSON.stringify(name.slice(0, 80))}.`)
      const stored = incident === undefined ? undefined : journal.state.get(incidents, incident)
      if (incident !== undefined && !stored) throw new Fault('not_found', 'There is no such incident.')
      return explain(
        chosen.set,
        {
          requester: who,
          target,
          ...(stored && { incident: incidentRecord(stored, person => identity.handleOf(person)) }),
          request: durationMs === undefined ? {} : { durationMs },
          now: journal.now().wall,
        },
        procedure,
      )
    },
    async accept(who, digest) {
      const factorProven = who.strongestWithin('totp', FACTOR_WITHIN_MS, journal.now()) !== undefined
      const { result } = await journal.execute(state =>
        acceptSet(state, { digest, by: who.person, factorProven }),
      )
      if (result.inForce) await read()
      return status()
    },
    async reload(who) {
      await read()
      await offer(who.person)
      return status()
    },
  }
}
