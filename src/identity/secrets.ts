/**
 * What identity needs of the vault. `put` is durable before it resolves; names are confidential to the vault as well.
 * Records of ours: `profile/p_…`, `factor/f_…`, `decoy/…`.
 */
export interface Secrets {
  get(name: string): Promise<Buffer | undefined>
  put(name: string, bytes: Uint8Array): Promise<void>
  destroy(name: string): Promise<void>
  list(prefix: string): Promise<readonly string[]>
}
