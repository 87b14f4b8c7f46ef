import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type SshHost, sshConfigText } from './ssh-config-text.ts'

const HOST: SshHost = {
  target: 'web-1',
  host: 'gate.acme.example',
  port: 7022,
  login: 'bg_abcdefgh',
  identityFile: '/home/ana/key',
  knownHostsFile: '/home/ana/known',
  hostKeyAlias: 'breakglass',
}

const there = (() => {
  try {
    execFileSync('ssh', ['-V'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** What OpenSSH makes of the text for a name, with this behind it in the person's own file. */
function resolved(name: string, change: Partial<SshHost> = {}, own = ''): Map<string, string> {
  const file = join(mkdtempSync(join(tmpdir(), 'bg-ssh-config-')), 'config')
  writeFileSync(file, `${sshConfigText({ ...HOST, ...change })}${own}`)
  const lines = execFileSync('ssh', ['-F', file, '-G', name], { encoding: 'utf8' }).trim().split('\n')
  return new Map(lines.map(line => [line.split(' ')[0] ?? '', line.split(' ').slice(1).join(' ')]))
}

describe.skipIf(!there)('a host in ssh_config, as OpenSSH reads it', () => {
  it('leads to the gateway, with one key, and believes one host key', () => {
    expect(Object.fromEntries(resolved('web-1'))).toMatchObject({
      hostname: 'gate.acme.example',
      port: '7022',
      user: 'bg_abcdefgh',
      identityfile: '/home/ana/key',
      identitiesonly: 'yes',
      userknownhostsfile: '/home/ana/known',
      stricthostkeychecking: 'true',
      hostkeyalias: 'breakglass',
      hostkeyalgorithms: 'ssh-ed25519',
      forwardagent: 'no',
      forwardx11: 'no',
    })
  })

  it('by a jump leads through the gateway to the host by its name', () => {
    expect(Object.fromEntries(resolved('web-1.jump'))).toMatchObject({
      hostname: 'web-1',
      port: '22',
      user: 'bg_abcdefgh',
      proxyjump: 'web-1.gateway',
    })
    expect(resolved('web-1.gateway').get('hostname')).toBe('gate.acme.example')
  })

  it('is not led elsewhere by what the person has set for all hosts', () => {
    const own = `Host *
  ProxyCommand nc evil 22
  ProxyJump bastion
  User ana
  ForwardAgent yes
  StrictHostKeyChecking no
  ControlMaster auto
  ControlPath /tmp/%h-%p
`
    const found = resolved('web-1', {}, own)
    for (const name of ['proxycommand', 'proxyjump', 'controlpath'])
      expect(found.get(name) ?? 'none').toBe('none')
    expect(Object.fromEntries(found)).toMatchObject({
      user: 'bg_abcdefgh',
      forwardagent: 'no',
      controlmaster: 'false',
      stricthostkeychecking: 'true',
    })
    expect(resolved('other', {}, own).get('user')).toBe('ana')
  })

  it.each(['/home/ana maria/key', '/home/100%/key', '/home/a"b/key', "/home/a'b/key"])(
    'names the file %s as it is',
    file => {
      const found = resolved('web-1', { identityFile: file })
      // ssh -G prints what it has read before it expands `%`.
      expect(found.get('identityfile')?.replaceAll('%%', '%')).toBe(file)
    },
  )
})
