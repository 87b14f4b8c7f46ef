import { describe, expect, it } from 'vitest'
import { because } from './because.ts'
import { judgeRequest, judgeShell, judgeSubsystem } from './judge-request.ts'
import { RULE_NAMES } from './refuse-rules.ts'

const rules = (host: object = {}, refuse: readonly string[] = []) => ({
  procedure: 'web',
  refuse,
  host: { never: [], forward: [], allow: [], ...host },
})
const names = (objections: readonly { rule: string }[]) => objections.map(({ rule }) => rule)

describe('shells, subsystems and requests', () => {
  it('a shell is refused by its rule and by a list of commands', () => {
    expect(judgeShell(rules())).toEqual([])
    expect(names(judgeShell(rules({}, ['shell'])))).toEqual(['shell'])
    expect(names(judgeShell(rules({ commands: ['*'] })))).toEqual(['commands'])
  })

  it('of the subsystems there is sftp', () => {
    expect(judgeSubsystem('sftp', rules())).toEqual([])
    for (const name of ['netconf', 'sftp\0', 'SFTP', ' sftp', ''])
      expect(names(judgeSubsystem(name, rules()))).toEqual(['subsystem'])
    expect(names(judgeSubsystem('sftp', rules({}, ['file_transfer'])))).toEqual(['file_transfer'])
    expect(names(judgeSubsystem('sftp', rules({ commands: ['df -h'] })))).toEqual(['commands'])
    expect(judgeSubsystem('sftp', rules({ commands: ['subsystem sftp'] }))).toEqual([])
  })

  it('attack 9: agent, display and remote ports are off unless they are allowed', () => {
    for (const kind of ['agent_forwarding', 'x11_forwarding', 'remote_forwarding']) {
      expect(names(judgeRequest(kind, { refuse: [], host: undefined }))).toEqual([kind])
      expect(names(judgeRequest(kind, rules()))).toEqual([kind])
      expect(judgeRequest(kind, rules({ allow: [kind] }))).toEqual([])
      expect(names(judgeRequest(kind, rules({ allow: [kind] }, [kind])))).toEqual([kind])
    }
    for (const kind of ['channel', 'channel_request', 'tun@openssh.com', '__proto__'])
      expect(names(judgeRequest(kind, rules({ allow: [kind] })))).toEqual(['channel'])
  })

  it('every rule says who says so', () => {
    expect(because('subsystem', rules())).toMatch(/^Whatever its procedure, every session refuses /)
    expect(because('power', rules({}, ['power']))).toMatch(
      /^Procedure web refuses shutting down.*\(scope\.refuse: power\)\.$/,
    )
    expect(because('forward', rules())).toMatch(/\(scope\.forward\)\.$/)
    expect(because('ended', rules())).toBeUndefined()
    for (const name of RULE_NAMES) expect(because(name, rules({}, [name]))).toMatch(/ refuses [^.]+\.$|\.$/)
  })
})
