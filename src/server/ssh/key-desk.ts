import type { SshKeyDesk, TargetDesk } from '../../api/deps.ts'
import type { VerifiedPrincipal } from '../../identity/verified-principal.ts'
import type { Instant } from '../../kernel/clock.ts'
import { Fault } from '../../kernel/faults.ts'
import type { SshKeyRing } from './key-ring.ts'

const FACTOR_WITHIN_MS = 5 * 60_000
/** Hosts that are asked at the same time. */
const AT_ONCE = 8

/**
 * The keys of the gateway, and their change in two steps. The authority is switched when every host that speaks SSH passes its check, with
 * the next one as with the one in use: nobody is locked out by it. `although`: targets that need not, as they are gone.
 */
export function createSshKeyDesk(
  ring: SshKeyRing,
  targets: Pick<TargetDesk, 'list' | 'check'>,
  now: () => Instant,
): SshKeyDesk {
  const demandFactor = (by: VerifiedPrincipal): void => {
    if (by.strongestWithin('totp', FACTOR_WITHIN_MS, now()) === undefined)
      throw new Fault('identity.step_up_required', 'Changing keys takes a fresh second factor.', {
        next: 'Prove it when asked, then try again.',
        facts: { factor: 'totp' },
      })
  }
  return {
    show: () => ring.public,
    async makeNext(by, use) {
      demandFactor(by)
      await ring.makeNext(use, by.person)
    },
    async withdraw(by, use) {
      demandFactor(by)
      await ring.withdraw(use, by.person)
    },
    async switchTo(by, use, although) {
      demandFactor(by)
      if (use === 'ca' && ring.next.ca) await demandTrust(targets, although)
      await ring.switchTo(use, by.person)
    },
  }
}

async function demandTrust(
  targets: Pick<TargetDesk, 'list' | 'check'>,
  although: readonly string[],
): Promise<void> {
  const hosts = targets.list().filter(({ protocol, name }) => protocol === 'ssh' && !although.includes(name))
  const failing: string[] = []
  for (let at = 0; at < hosts.length; at += AT_ONCE) {
    const checked = hosts.slice(at, at + AT_ONCE).map(async target => {
      const lines = await targets.check(target)
      if (lines.some(({ ok, level }) => !ok && level === 'must')) failing.push(target.name)
    })
    await Promise.all(checked)
  }
  if (failing.length === 0) return
  const names = failing.sort().join(', ')
  throw new Fault('conflict', `Not every host is ready for the next certificate authority: ${names}.`, {
    next: 'Let their owners run `breakglass target plan`, see what `breakglass target check` says; `--although TARGET` leaves one behind.',
    facts: { targets: failing },
  })
}
