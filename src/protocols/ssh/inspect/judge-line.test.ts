import { describe, expect, it } from 'vitest'
import { judgeLine } from './judge-line.ts'

const HOST = { never: [], forward: [], allow: [] }

describe('a command line judged without a session', () => {
  it('tells who refuses, where, and what other rules would say', () => {
    const judged = judgeLine('cd /srv && sudo rm -r old', { procedure: 'web', refuse: ['recursive_delete'] })
    expect(judged).toMatchObject({ refused: true, writes: true })
    expect(judged.statements.map(({ verb, text }) => [verb, text])).toEqual([
      ['cd', 'cd /srv'],
      ['sudo', 'sudo rm -r old'],
      ['rm', 'rm -r old'],
    ])
    expect(judged.rules.map(({ rule, refused, at }) => [rule, refused, at])).toEqual([
      ['recursive_delete', true, 17],
      ['privilege_change', false, 12],
    ])
    expect(judged.rules[0]?.because).toMatch(/^Procedure web refuses rm -r/)
    expect(judged.rules[1]?.because).toBe('Procedure web does not name privilege_change in scope.refuse.')
  })

  it('goes by the lists of the procedure', () => {
    const rules = { procedure: 'web', refuse: [], host: { ...HOST, commands: ['df *'], never: ['df -i'] } }
    expect(judgeLine('df -h', rules)).toMatchObject({ refused: false, rules: [] })
    expect(judgeLine('df -i', rules).rules.map(({ rule, because }) => [rule, because])).toEqual([
      ['never', expect.stringContaining('scope.never')],
    ])
    expect(judgeLine('uptime', rules).rules.map(({ rule }) => rule)).toEqual(['commands'])
    expect(judgeLine('uptime', { procedure: 'web', refuse: ['exec'] }).refused).toBe(true)
  })
})
