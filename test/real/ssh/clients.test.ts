/** The clients people use, unchanged, through the whole server to a real sshd: what they see, and what is on record of it. */
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isBuilt } from '../breakglass.ts'
import { missing } from '../servers/missing.ts'
import { allocated, gone, ROWS } from './client-rows.ts'
import { ClientStand } from './client-stand.ts'
import { missingSshd } from './lab.ts'
import { until } from '../../support/wait.ts'

describe.skipIf(missingSshd.length + missing('postgres15').length > 0 || !isBuilt)(
  'clients of a host',
  () => {
    let stand: ClientStand
    beforeAll(async () => {
      stand = await ClientStand.start()
    })
    afterAll(() => stand.stop())

    it.for(ROWS)('$what', async ({ needs = [], ...row }, { skip }) => {
      const away = needs.filter(file => !existsSync(file))
      if (away.length > 0) skip(`not here: ${away.join(', ')}`)
      await row.run(stand)
      const lines = await stand.recorded()
      const wanted = row.recorded(stand)
      expect(lines).toEqual(row.among ? expect.arrayContaining([...wanted]) : wanted)
    })

    it('the end of the grant closes what was forwarded: the port at the host, and what came through it', async () => {
      const ended = stand.ssh(['-N', '-R', `0:127.0.0.1:${stand.echoPort}`, 'web-2'], {
        while: async err => {
          const port = await allocated(err)
          const open = connect(port, '127.0.0.1')
          const over = new Promise(resolve => open.once('close', resolve))
          open.write('held')
          await new Promise(resolve => open.once('data', resolve))
          await stand.api.post(`/v1/grants/${stand.wideGrant}/close`)
          await over
          await gone(port)
          await until(() => err().includes('breakglass'), 'why')
        },
      })
      expect((await ended).err).toMatch(/breakglass: .*closed/)
    })
  },
)

describe('docs/CLIENTS.md', () => {
  it('lists the clients of a host that are exercised, and nothing else', () => {
    const doc = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'CLIENTS.md'), 'utf8')
    const [, list = ''] = doc.split('<!-- hosts -->')
    expect(list.trim().split('\n')).toEqual(ROWS.map(({ what }) => `- ${what}`))
  })
})
