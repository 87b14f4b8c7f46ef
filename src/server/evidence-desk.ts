import { readFile } from 'node:fs/promises'
import type { Destruction } from '../evidence/finish-erasures.ts'
import type { EvidencePorts } from '../evidence/ports.ts'
import type { Identity } from '../identity/create-identity.ts'
import { isId } from '../kernel/ids.ts'
import { AIDS } from '../ledger/bundle/layout.ts'
import { keptName, readKept } from '../policy/kept-set.ts'
import { digestedText } from '../policy/load.ts'
import type { VaultKeyRing } from '../store/file/key-ring.ts'
import type { Vault } from '../store/file/vault.ts'

/** The same distance from the sources and from what is built of them. */
const AIDS_FOLDER = new URL('../../verifier/', import.meta.url)

/** What bundles hold besides the logs. */
export function evidenceSources(
  vault: Vault,
  policy: EvidencePorts['policy'],
): Pick<EvidencePorts, 'procedureText' | 'policy' | 'aids'> {
  return {
    async procedureText(digest) {
      const kept = await vault.get(keptName(digest))
      return kept && digestedText(readKept(kept))
    },
    policy,
    aids: async () =>
      new Map(
        await Promise.all(
          AIDS.map(async name => [name, await readFile(new URL(name, AIDS_FOLDER))] as const),
        ),
      ),
  }
}

/** A person's key goes together with the record of who they are. */
export function destructionOf(keys: VaultKeyRing, identity: Pick<Identity, 'forgetPerson'>): Destruction {
  return {
    async destroy(key, times) {
      await keys.destroy(key, times)
      const person = key.slice('subject/'.length)
      if (key.startsWith('subject/') && isId('person', person)) await identity.forgetPerson(person)
    },
  }
}
