import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missing } from '../servers/missing.ts'
import { LOGIN, openLab, SECRET, type Lab } from './lab.ts'
import { RawClient, say } from './raw-client.ts'

describe.skipIf(missing('postgres15').length > 0)('COPY FROM STDIN by clients that do not wait', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await openLab({ schema: 'CREATE TABLE inbox (id int, text text)' })
  })
  afterAll(() => lab.close())

  const begin = [say.parse('', 'copy inbox from stdin'), say.bind('', ''), say.execute('')]
  const rows = async () => (await lab.admin('select count(*)::int as n from inbox'))[0]?.['n']

  it.each([
    ['data and Sync at once', [...begin, say.copyData('1\ta\n'), say.copyDone(), say.sync()], '12GCZ', 1],
    [
      'a Sync before the data and one behind them',
      [...begin, say.sync(), say.copyData('1\ta\n'), say.copyDone(), say.sync()],
      '12GCZ',
      1,
    ],
    [
      'two of them in a pipeline',
      [
        ...[...begin, say.copyData('1\ta\n'), say.copyDone(), say.sync()],
        ...[...begin, say.copyData('2\tb\n'), say.copyDone(), say.sync()],
      ],
      '12GCZ12GCZ',
      2,
    ],
    ['CopyFail and Sync at once', [...begin, say.copyFail('no'), say.sync()], '12GEZ', 0],
    [
      'data for a table that is not there',
      [
        ...[say.parse('', 'copy nowhere from stdin'), say.bind('', ''), say.execute('')],
        ...[say.copyData('1\n'), say.copyDone(), say.sync()],
      ],
      '12EZ',
      0,
    ],
  ] as const)('%s', async (_, messages, tags, added) => {
    const client = await RawClient.login(lab.port, LOGIN, SECRET)
    const before = Number(await rows())
    expect(await client.ask(messages, tags.split('Z').length - 1)).toBe(tags)
    expect(await client.ask([say.query('select 1')])).toBe('TDCZ')
    expect(Number(await rows()) - before).toBe(added)
    client.destroy()
  })

  it('CopyFail and Sync at once, after the target was ready for data', async () => {
    const client = await RawClient.login(lab.port, LOGIN, SECRET)
    client.received.length = 0
    client.send(...begin, say.flush())
    await client.until('G')
    expect(await client.ask([say.copyFail('no'), say.sync()])).toBe('EZ')
    expect(
      await client.ask([...begin, say.sync(), say.copyData('1\ta\n'), say.copyFail('no'), say.sync()]),
    ).toBe('12GEZ')
    expect(await client.ask([say.query('select 1')])).toBe('TDCZ')
    client.destroy()
  })
})
