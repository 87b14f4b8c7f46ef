import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Fault } from '../kernel/faults.ts'
import type { Known } from '../policy/known.ts'
import { RULE_NAMES as POSTGRES_RULES } from '../protocols/postgres/index.ts'
import { RULE_NAMES as SSH_RULES } from '../protocols/ssh/index.ts'
import type { Config } from './config/config.ts'

/** A file as `policy/` reads it; `path` is relative to the configuration's folder, as people name it. */
export interface ProcedureFile {
  readonly path: string
  readonly text: string
}

/** All YAML files below the folder of procedures, tests included, by path. Fault `config.invalid` when it cannot be read. */
export function readProcedureFiles({ procedures }: Pick<Config, 'procedures'>): readonly ProcedureFile[] {
  try {
    return readdirSync(procedures, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && /\.ya?ml$/.test(entry.name))
      .map(entry => {
        const file = join(entry.parentPath, entry.name)
        return { path: join('procedures', relative(procedures, file)), text: readFileSync(file, 'utf8') }
      })
      .sort((a, b) => (a.path < b.path ? -1 : 1))
  } catch (cause) {
    const { code = 'error' } = cause as NodeJS.ErrnoException
    throw new Fault('config.invalid', `The folder of procedures ${procedures} cannot be read (${code}).`, {
      next: 'Create it, or set `procedures` in breakglass.yaml.',
      cause,
    })
  }
}

/** What procedures may name, from the configuration and the protocols that are built in. */
export function knownOf(config: Config): Known {
  return {
    targets: Object.fromEntries(
      [...config.targets].map(([name, { protocol, environment, services, scopes }]) => [
        name,
        { protocol, environment, services, scopes: Object.keys(scopes) },
      ]),
    ),
    alerts: Object.fromEntries(
      [...config.alerts.destinations].map(([name, channels]) => [
        name,
        channels.map(({ channel, url }) => ({ kind: channel, at: url })),
      ]),
    ),
    incidents: config.incidents.map(({ name }) => name),
    rules: { postgres: POSTGRES_RULES, ssh: SSH_RULES },
    masks: ['postgres'],
    rehearses: ['postgres'],
    countsWrites: ['postgres'],
    hosts: ['ssh'],
    singleChannel: config.alerts.singleChannel,
  }
}
