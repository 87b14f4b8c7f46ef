import type { Clock } from '../../kernel/clock.ts'
import type { SshOptions } from '../../protocols/ssh/index.ts'
import type { SshKeyRing } from './key-ring.ts'

/** For the protocol: whatever is in use when it asks. */
export function sshOptions(ring: SshKeyRing, clock: Clock): SshOptions {
  return {
    get hostKey() {
      return ring.host
    },
    get ca() {
      return ring.ca
    },
    get nextCa() {
      return ring.next.ca
    },
    now: () => clock.now().wall,
  }
}

/** For clients: what they pin, so that a switch finds the next one pinned. */
export function hostKeysOf({ public: { host, next } }: SshKeyRing): readonly string[] {
  return next.host === undefined ? [host] : [host, next.host]
}
