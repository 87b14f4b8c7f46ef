import { canonicalJson } from '../kernel/canonical-json.ts'
import { Fault } from '../kernel/faults.ts'
import { z } from 'zod'
import type { SourceFile } from './read-yaml.ts'

/** Vault record in which the bytes of a set are kept, so that a start does not depend on the folder. */
export function keptName(digest: string): string {
  return `procedures/${digest}`
}

const kept = z.strictObject({
  format: z.literal(1),
  files: z.array(z.strictObject({ path: z.string(), text: z.string() })),
})

/** The source files as written, comments and all, in the order of their paths; tests are not kept. */
export function keepSet(files: readonly SourceFile[]): Buffer {
  const inOrder = files
    .filter(({ path }) => !path.endsWith('.test.yaml'))
    .map(({ path, text }) => ({ path, text }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
  return Buffer.from(canonicalJson({ format: 1, files: inOrder }), 'utf8')
}

/** Throws Fault `policy.invalid` when the bytes are not what `keepSet` wrote. Whether they are the accepted set, the digest says. */
export function readKept(bytes: Uint8Array): readonly SourceFile[] {
  try {
    return kept.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))).files
  } catch (cause) {
    throw new Fault('policy.invalid', 'The kept bytes of the accepted procedures are damaged.', {
      next: 'Restore the vault from a backup, or have the owners accept the set in the folder.',
      cause,
    })
  }
}
