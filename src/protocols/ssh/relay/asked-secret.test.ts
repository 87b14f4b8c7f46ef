import { describe, expect, it } from 'vitest'
import { AskedSecret } from './asked-secret.ts'

describe('what is typed when a secret is asked for', () => {
  it.each([
    '[sudo] password for ana: ',
    'Password:',
    "Enter passphrase for key '/home/ana/.ssh/id': ",
    'Verification code: ',
    'Enter PIN? ',
    'New password: ',
  ])('requirement 20: stays out of the record: %j', question => {
    const asked = new AskedSecret()
    asked.shown(`some output\r\n${question}`)
    const typed = ['h', 'unter', '2', '\r', 'ls\r'].map(text => asked.typed(text)).join('')
    expect(typed).not.toContain('unter')
    expect(typed.endsWith('\rls\r')).toBe(true)
  })

  it.each(['ana@web-1:~$ ', 'the password was changed\r\n$ ', 'grep password: file', 'passwd: done\r\n'])(
    'is recorded as it is where none is asked for: %j',
    line => {
      const asked = new AskedSecret()
      asked.shown(line)
      expect(asked.typed('uptime\r')).toBe('uptime\r')
    },
  )

  it('the question may come in pieces', () => {
    const asked = new AskedSecret()
    for (const piece of ['[sudo] pass', 'word for', ' ana: ']) asked.shown(piece)
    expect(asked.typed('hunter2\r')).toBe('•\r')
  })
})
