/** All of PostgreSQL's regression scripts, directly and through the gateway (issue B, point 3). Writes docs/REGRESSION.md. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { missing } from '../servers/missing.ts'
import type { Comparison } from './compare.ts'
import { NEEDS_SUPERUSER } from './needs-superuser.ts'
import { pipelineTests } from './pipeline.ts'
import { startRegression, type Compared } from './regression.ts'
import { report, type PipelineResult } from './report.ts'
import { schedule } from './scripts.ts'
import { bringSource, type Source } from './source.ts'

const here = missing('postgres15', 'psql')
const source = here.length > 0 ? here.join('; ') : await bringSource()
const TABLE = join(import.meta.dirname, '../../../docs/REGRESSION.md')
const needsMore = (script: string) => Object.hasOwn(NEEDS_SUPERUSER, script)

describe.skipIf(typeof source === 'string')(
  `PostgreSQL's regression scripts ${typeof source === 'string' ? `(${source})` : ''}`,
  () => {
    it('equal but for documented refusals, all that need no superuser', async () => {
      const found = source as Source
      const { scripts, pipeline } = await asMeant(found)
      const owned = await asOwner(found)
      writeFileSync(
        TABLE,
        report({ version: found.version, evidence: 'with', scripts, asOwner: owned, pipeline }),
      )

      expect(
        scripts.filter(one => one.surprise).map(says),
        'not what PostgreSQL expects; a superuser needed?',
      ).toEqual([])
      expect(
        owned.filter(one => !one.surprise).map(one => one.script),
        'needs no superuser',
      ).toEqual([])
      expect([...scripts, ...owned].filter(one => one.verdict === 'differs').map(says)).toEqual([])
      expect(pipeline.filter(one => one.verdict === 'differs')).toEqual([])
    })
  },
)

/** The whole schedule, a superuser past the gateway where one is needed. */
async function asMeant(found: Source): Promise<{ scripts: Compared[]; pipeline: PipelineResult[] }> {
  const regression = await startRegression(found, 'with')
  try {
    const scripts: Compared[] = []
    for (const script of schedule(found)) {
      if (needsMore(script)) await regression.setUp(script)
      else scripts.push(told(await regression.run(script)))
    }
    const pipeline: PipelineResult[] = []
    for (const test of await pipelineTests(found)) pipeline.push(await regression.pipeline(test))
    return { scripts, pipeline }
  } finally {
    await regression.close()
  }
}

/** The scripts that need a superuser, by the owner, each after what it stands behind in the schedule. */
async function asOwner(found: Source): Promise<Compared[]> {
  const regression = await startRegression(found, 'with')
  try {
    const scripts: Compared[] = []
    await regression.setUp('test_setup')
    for (const script of schedule(found)) {
      if (script !== 'test_setup' && needsMore(script)) scripts.push(told(await regression.run(script)))
    }
    return scripts
  } finally {
    await regression.close()
  }
}

function told(one: Compared): Compared {
  console.log(`${one.script}: ${one.verdict}${one.verdict === 'differs' ? `\n${one.difference ?? ''}` : ''}`)
  return one
}

const says = ({ script, difference }: Comparison & { surprise?: string | undefined }) =>
  `${script}: ${difference ?? ''}`
