/** The clients people use, unchanged, through the whole server to a real sshd: what they see, and what is on record of it. */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isBuilt } from '../breakglass.ts'
import { missing } from '../servers/missing.ts'
import { ROWS } from './client-rows.ts'
import { ClientStand } from './client-stand.ts'
import { missingSshd } from './lab.ts'

describe.skipIf(missingSshd.length + missing('postgres15').length > 0 || !isBuilt)(
  'clients of a host',
  () => {
    let stand: ClientStand
    beforeAll(async () => {
      stand = await ClientStand.start()
    }, 60_000)
    afterAll(() => stand.stop())

    for (const row of ROWS) {
      it.skipIf((row.needs ?? []).some(file => !existsSync(file)))(
        // oxlint-disable-next-line vitest/valid-title -- a row of the table names itself
        row.what,
        async () => {
          await row.run(stand)
          const lines = await stand.recorded()
          const wanted = row.recorded(stand)
          expect(lines).toEqual(row.among ? expect.arrayContaining([...wanted]) : wanted)
        },
        60_000,
      )
    }
  },
)
