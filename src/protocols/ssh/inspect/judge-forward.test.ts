import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalDestination } from './destination.ts'
import { judgeForward } from './judge-forward.ts'

const judged = (host: string, port: number, forward: readonly string[], refuse: readonly string[] = []) =>
  judgeForward({ host, port }, { refuse, host: { never: [], forward, allow: [] } }).map(({ rule }) => rule)

describe('port forwards', () => {
  it.each([
    ['db1.internal', 5432, 'db1.internal:5432'],
    ['DB1.Internal.', 5432, 'db1.internal:5432'],
    ['db1.internal', 5432, 'DB1.internal:5432'],
    ['db1.internal', 5432, 'db1.internal:*'],
    ['anything', 5432, '*:5432'],
    ['anything', 1, '*:*'],
    ['::1', 443, '[::1]:443'],
    ['[::1]', 443, '[::1]:443'],
    ['0:0:0:0:0:0:0:1', 443, '[::1]:443'],
    ['::1', 443, '[0:0::1]:443'],
    ['::ffff:127.0.0.1', 80, '127.0.0.1:80'],
    ['::FFFF:7f00:1', 80, '127.0.0.1:80'],
    ['127.0.0.1', 80, '[::ffff:127.0.0.1]:80'],
  ])('to %s:%i is what %s lists', (host, port, listed) => {
    expect(judged(host, port, [listed])).toEqual([])
  })

  it.each([
    ['db1.internal', 5433, 'db1.internal:5432'],
    ['db2.internal', 5432, 'db1.internal:5432'],
    ['xdb1.internal', 5432, 'db1.internal:5432'],
    ['localhost', 80, '127.0.0.1:80'],
    ['127.0.0.1', 80, 'localhost:80'],
    ['127.1', 80, '127.0.0.1:80'],
    ['2130706433', 80, '127.0.0.1:80'],
    ['::1', 80, '127.0.0.1:80'],
    ['db1.internal', 5432, 'unix:/run/x.sock'],
  ])('to %s:%i is not what %s lists', (host, port, listed) => {
    expect(judged(host, port, [listed])).toEqual(['forward'])
  })

  it.each([
    ['', 80],
    ['a\0b', 80],
    ['a\nb', 80],
    ['a b', 80],
    ['*', 80],
    ['a/b', 80],
    ['fe80::1%eth0', 80],
    ['.', 80],
    ['a'.repeat(256), 80],
    ['a', 0],
    ['a', 65_536],
    ['a', 65_536 + 22],
    [':', 80],
  ])('attack 13: %j:%i is no address, whatever is listed', (host, port) => {
    expect(judged(host, port, ['*:*'])).toEqual(['unparsable'])
  })

  it('nothing is listed: nowhere', () => {
    expect(judged('db1', 1, [])).toEqual(['forward'])
    expect(judgeForward({ host: 'db1', port: 1 }, { refuse: [], host: undefined })).toHaveLength(1)
  })

  it('what scope.refuse names no list allows', () => {
    expect(judged('db1', 1, ['*:*'], ['forward'])).toEqual(['forward'])
  })

  it.each([
    ['/run/x.sock', []],
    ['/run/y.sock', ['forward']],
    ['/run/../run/x.sock', ['unparsable']],
    ['/run//x.sock', ['unparsable']],
    ['run/x.sock', ['unparsable']],
    ['/run/x.sock\0', ['unparsable']],
    ['/', ['unparsable']],
  ])('to the socket %j', (path, rules) => {
    const objections = judgeForward(
      { path },
      { refuse: [], host: { never: [], forward: ['unix:/run/x.sock', '*:*'], allow: [] } },
    )
    expect(objections.map(({ rule }) => rule)).toEqual(rules)
  })

  it('one destination has one form, which stays what it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()),
        fc.integer({ min: 1, max: 65_535 }),
        (host, port) => {
          const form = canonicalDestination({ host: host.toUpperCase(), port })
          expect(form).toBeDefined()
          const at = form?.lastIndexOf(':') ?? 0
          expect(canonicalDestination({ host: form?.slice(0, at) ?? '', port })).toBe(form)
        },
      ),
    )
  })
})
