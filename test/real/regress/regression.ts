import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type PostgresServer, startPostgres } from '../servers/postgres.ts'
import { direct, elevated, LIKE_THE_GRANT, likeTheGrant, prepare, SETTINGS } from './cluster.ts'
import { compare, type Comparison, equalButForSpace, firstDifference, inOurWords } from './compare.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { type Reference, startReference } from './reference.ts'
import { runPipeline } from './pipeline.ts'
import { runScript } from './run-script.ts'
import { layOut, type Stage } from './scripts.ts'
import type { Source } from './source.ts'

export interface Compared extends Comparison {
  /** How the direct output differs from what PostgreSQL's developers expect; undefined when it does not. */
  readonly surprise: string | undefined
}

/**
 * Three clusters that go through the same scripts: one directly, one behind the gateway, one directly with exactly the
 * statements refused that the gateway's evidence names.
 */
export interface Regression {
  /** Runs a script on all three as the owner. */
  run(script: string): Promise<Compared>
  /** Runs a test of libpq_pipeline on the first two. */
  pipeline(test: string): Promise<{ test: string; verdict: 'equal' | 'differs' }>
  /** Runs a script on all three, past the gateway, while the owner is a superuser. */
  setUp(script: string): Promise<void>
  close(): Promise<void>
}

export async function startRegression(source: Source, evidence: 'before' | 'with'): Promise<Regression> {
  const stage = layOut(source)
  const [plain, refusing] = [await startCluster(), await startCluster()]
  const gateway = await startGateway(evidence)
  const reference = await startReference(refusing)
  const servers = [plain, gateway.server, refusing]
  return {
    run: script => runOnAll({ stage, plain, gateway, refusing, reference }, script),
    async pipeline(test) {
      const straight = await runPipeline(source, test, direct(plain))
      const through = await runPipeline(source, test, gateway.connection)
      await gateway.evidence()
      return { test, verdict: straight === through ? 'equal' : 'differs' }
    },
    async setUp(script) {
      for (const server of servers) await elevated(server, () => runScript(stage, script, direct(server)))
    },
    async close() {
      await reference.close()
      await gateway.close()
      await plain.stop()
      await refusing.stop()
      stage.remove()
    },
  }
}

interface Sides {
  readonly stage: Stage
  readonly plain: PostgresServer
  readonly gateway: Gateway
  readonly refusing: PostgresServer
  readonly reference: Reference
}

async function runOnAll(
  { stage, plain, gateway, refusing, reference }: Sides,
  script: string,
): Promise<Compared> {
  const ports = [
    plain.port,
    gateway.server.port,
    Number(gateway.connection['PGPORT']),
    refusing.port,
    reference.port,
  ]
  const allow = (text: string) => allowances(text, ports)
  const straight = allow(await runScript(stage, script, direct(plain)))
  const through = allow(await runScript(stage, script, gateway.connection))
  const seen = await gateway.evidence()
  reference.begin(inOurWords(seen.refused, through))
  const witness = allow(await runScript(stage, script, likeTheGrant(reference)))
  const wrong = reference.finish()
  const compared = compare(script, { direct: straight, gateway: through, reference: witness }, seen)
  return {
    ...compared,
    ...(wrong !== undefined && { verdict: 'differs', difference: `${wrong}\n${compared.difference ?? ''}` }),
    surprise: unexpected(stage, script, straight),
  }
}

async function startCluster(): Promise<PostgresServer> {
  const server = await startPostgres({ settings: SETTINGS })
  await prepare(server)
  return server
}

/**
 * What may differ between two runs, and nothing else: numbers that a cluster gives (ports, objects, temporary schemas) where they
 * are part of a name; the name one has logged in under, instead of the owner's; where a refusal points and what it advises, as the
 * reference tells its rule only.
 */
function allowances(text: string, ports: readonly number[]): string {
  const named = text
    .replaceAll(/\bbg_[a-z2-9]{13}\b/g, LIKE_THE_GRANT)
    .replaceAll(/\b(pg_temp_|pg_toast_|RI_ConstraintTrigger_[ac]_)\d+/g, '$1N')
    .replaceAll(ADVICE, '$1\n')
  return ports.reduce((said, port) => said.replaceAll(`port ${port} `, 'port N '), named)
}

const ADVICE =
  /^(ERROR: {2}(?:\d{5}: )?breakglass: .*?)(?: at character \d+)?\n(?:LINE \d+: .*\n *\^\n)?(?:(?:DETAIL|HINT): .*\n)*/gm

function unexpected(stage: Stage, script: string, output: string): string | undefined {
  const folder = join(stage.path, 'expected')
  const names = readdirSync(folder).filter(name => name.replace(/(_\d)?\.out$/, '') === script)
  const texts = names.map(name => readFileSync(join(folder, name), 'utf8'))
  if (texts.some(text => equalButForSpace(text, output))) return undefined
  return firstDifference(texts[0] ?? '', output)
}
