import { it } from 'vitest'
import { passDeadChannel } from './dead-channel.suite.ts'

it('one dead channel delays no other: ten thousand alerts pass it by', () =>
  passDeadChannel(10_000, 200 << 20))
