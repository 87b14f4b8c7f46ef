import { expect, it } from 'vitest'
import { createInspector } from '../../src/protocols/postgres/index.ts'
import { RecordingGuard } from '../../src/target/recording-guard.suite.ts'
import { frame, frames } from './frames.ts'
import { openRig, until } from './session-rig.ts'

const query = (text: string): Buffer => frame('Q', Buffer.from(`${text}\0`))

it('attack 13: what a client says behind its Terminate is not taken, and what it asked before is answered', async () => {
  const guard = new RecordingGuard()
  const rig = openRig({ guard, inspector: createInspector() })
  // A target that takes its time over what it was asked, as a server does that is told goodbye in between.
  rig.target.removeAllListeners('end')
  const atTarget = (): string =>
    frames(Buffer.concat(rig.atTarget))
      .whole.map(({ tag }) => tag)
      .join('')
  rig.client.write(Buffer.concat([query('select 1'), frame('X', Buffer.alloc(0)), query('select 2')]))
  expect(await until(() => atTarget() === 'QX')).toBe(true)
  rig.client.write(query('select 3'))
  await new Promise(resolve => setTimeout(resolve, 20))
  expect(rig.over).toBe(false)

  const answer = [frame('C', Buffer.from('SELECT 0\0')), frame('Z', Buffer.from('I'))]
  rig.target.end(Buffer.concat(answer))
  expect(await until(() => rig.over)).toBe(true)
  expect((await rig.end).reason).toBe('client')
  expect(guard.actions.map(({ text }) => text)).toEqual(['select 1'])
  expect(guard.outcomes.get(1)).not.toHaveProperty('error')
  expect(atTarget()).toBe('QX')
})
