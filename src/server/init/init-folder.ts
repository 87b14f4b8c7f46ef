import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Fault } from '../../kernel/faults.ts'
import { createVaultKey, makeShares } from '../../store/file/vault-key.ts'
import { configTemplate, GITIGNORE, procedureTemplate, procedureTestTemplate } from './templates.ts'

export interface InitOptions {
  readonly folder: string
  readonly organisation: string
  /** Handles; each gets an enrolment link at the first start. */
  readonly owners: readonly string[]
  /** How many owners must accept procedures; default one, or two when there are two or more. */
  readonly needed?: number
  readonly shares?: { readonly count: number; readonly threshold: number }
}

export interface InitResult {
  readonly folder: string
  /** Relative to the folder, as written. */
  readonly files: readonly string[]
  /** Recovery shares of the vault key. They exist nowhere else: to be shown once, then forgotten. */
  readonly shares: readonly string[]
  readonly threshold: number
}

const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/
const HANDLE = /^[a-z0-9][a-z0-9._-]{0,62}$/
const SCHEMAS = fileURLToPath(new URL('../../../schema/', import.meta.url))

/**
 * Writes a configuration that can be checked, tested and started as it is, with a vault key that opens nothing else.
 * Nothing is ever overwritten: Fault `conflict` before the first byte. Fault `input.invalid` for names.
 */
export async function initFolder(options: InitOptions): Promise<InitResult> {
  const { organisation, owners, shares = { count: 5, threshold: 3 } } = options
  const needed = options.needed ?? Math.min(2, owners.length)
  check(organisation, owners, needed, shares)
  const folder = resolve(options.folder)
  for (const name of ['breakglass.yaml', 'keys', 'data', 'procedures', '.gitignore']) {
    if (name !== '.gitignore' && existsSync(join(folder, name)))
      throw new Fault('conflict', `${join(folder, name)} exists already; nothing was written.`, {
        next: 'Name another folder, or start what is there with `breakglass start`.',
      })
  }
  mkdirSync(folder, { recursive: true })
  const key = await createVaultKey({ file: join(folder, 'keys', 'vault.key'), data: join(folder, 'data') })
  const files: string[] = ['keys/vault.key']
  const write = (name: string, text: string, mode = 0o644): void => {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text, { flag: 'wx', mode })
    files.push(name)
  }
  const facts = { organisation, owners, needed }
  write('breakglass.yaml', configTemplate(facts))
  write('procedures/example-db.yaml', procedureTemplate())
  write('procedures/example-db.test.yaml', procedureTestTemplate())
  for (const destination of ['security', 'operations'])
    write(`keys/alert-${destination}.secret`, `whsec_${randomBytes(32).toString('base64')}\n`, 0o600)
  for (const name of readdirSync(SCHEMAS).filter(name => name.endsWith('.schema.json')))
    write(join('.schema', name), readFileSync(join(SCHEMAS, name), 'utf8'))
  if (!existsSync(join(folder, '.gitignore'))) write('.gitignore', GITIGNORE)
  return {
    folder,
    files,
    shares: await makeShares(key, shares.count, shares.threshold),
    threshold: shares.threshold,
  }
}

function check(
  organisation: string,
  owners: readonly string[],
  needed: number,
  shares: { count: number; threshold: number },
): void {
  const refuse = (message: string, next: string): never => {
    throw new Fault('input.invalid', message, { next })
  }
  if (!NAME.test(organisation))
    refuse(
      `${JSON.stringify(organisation)} cannot name an organisation.`,
      'Use lower-case letters, digits, - and _: --organisation acme.',
    )
  if (owners.length === 0)
    refuse(
      'An organisation needs at least one owner.',
      'Name each with --owner HANDLE; two or more let them check each other.',
    )
  for (const owner of owners)
    if (!HANDLE.test(owner))
      refuse(
        `${JSON.stringify(owner)} is no handle.`,
        'Use lower-case letters, digits, dot, - and _: --owner ana.',
      )
  if (new Set(owners).size !== owners.length) refuse('An owner is named twice.', 'Name each once.')
  if (!Number.isInteger(needed) || needed < 1 || needed > owners.length)
    refuse(
      `${needed} of ${owners.length} owners cannot accept anything.`,
      `Choose 1 to ${owners.length} with --needed.`,
    )
  if (
    !Number.isInteger(shares.count) ||
    !Number.isInteger(shares.threshold) ||
    shares.threshold < 2 ||
    shares.threshold > shares.count ||
    shares.count > 50
  )
    refuse(
      'The recovery shares do not work out.',
      'Use a threshold of at least 2 and at most as many as there are shares: --shares 5 --threshold 3.',
    )
}
