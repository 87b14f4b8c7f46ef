import { frame } from './frames.ts'
import type { Random } from './random.ts'

/** One message becomes none, one or several; `foreign` gives a message of another dialogue. */
type Mutation = (message: Buffer, random: Random, foreign: () => Buffer) => readonly Buffer[]

const LENGTHS = [
  0,
  1,
  3,
  4,
  5,
  8,
  -1,
  -4,
  -0x80000000,
  0x7fffffff,
  0x3fffffff,
  0x40000000,
  10_001,
  65_537,
  16 << 20,
  (16 << 20) + 1,
]
const NUMBERS_16 = [0, 1, 2, 0x7fff, 0x8000, 0xfffe, 0xffff]
const NUMBERS_32 = [0, 1, -1, -2, 0x7fffffff, -0x80000000, 0xffff, 0x10000, 1 << 30]
const NO_UTF8 = ['ff', 'c328', 'eda080', 'f4908080', 'c0af', 'e28228', 'f0', '80'].map(hex =>
  Buffer.from(hex, 'hex'),
)
/** Every tag of either direction, some of neither. */
const TAGS = 'BCDEFHPQSXcdfpKRZTINAGVWnstv123d?\0\xff'

const overwrite = (message: Buffer, at: number, write: (copy: Buffer, at: number) => void): Buffer[] => {
  const copy = Buffer.from(message)
  write(copy, Math.max(0, Math.min(at, copy.length - 1)))
  return [copy]
}
const body = (message: Buffer): Buffer => message.subarray(5)
const tag = (message: Buffer): number => message[0] ?? 0
/** A place behind tag and length, if there is one. */
const inside = (message: Buffer, random: Random): number =>
  message.length > 5 ? 5 + random.below(message.length - 5) : random.below(message.length)
const spliced = (message: Buffer, random: Random, put: Buffer): Buffer[] => {
  const at = random.below(body(message).length + 1)
  return [
    frame(tag(message), Buffer.concat([body(message).subarray(0, at), put, body(message).subarray(at)])),
  ]
}

/** What is done to messages, by name. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  flip(message, random) {
    const copy = Buffer.from(message)
    for (let flips = 1 + random.below(6); flips > 0; flips--) {
      const at = random.once(4) ? random.below(copy.length) : inside(copy, random)
      copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8))
    }
    return [copy]
  },
  lie: (message, random) => {
    const near = message.length - 1 + random.below(9) - 4
    return overwrite(
      message,
      1,
      copy => copy.length >= 5 && copy.writeInt32BE(random.once(2) ? near : random.pick(LENGTHS), 1),
    )
  },
  cut: (message, random) => [message.subarray(0, random.below(message.length))],
  shorten: (message, random) => [
    frame(tag(message), body(message).subarray(0, random.below(message.length))),
  ],
  lengthen: (message, random) => [
    frame(tag(message), Buffer.concat([body(message), random.bytes(1 + random.below(40))])),
  ],
  twice: message => [message, message],
  drop: () => [],
  retag: (message, random) =>
    overwrite(message, 0, copy => (copy[0] = TAGS.charCodeAt(random.below(TAGS.length)))),
  splice: (message, random, foreign) => (random.once(2) ? [foreign(), message] : [message, foreign()]),
  graft: (message, random, foreign) => {
    const other = foreign()
    const half = random.below(message.length)
    return [Buffer.concat([message.subarray(0, half), other.subarray(random.below(other.length))])]
  },
  count16: (message, random) =>
    overwrite(message, inside(message, random), (copy, at) => {
      if (at + 2 <= copy.length) copy.writeUInt16BE(random.pick(NUMBERS_16), at)
    }),
  count32: (message, random) =>
    overwrite(message, inside(message, random), (copy, at) => {
      if (at + 4 <= copy.length) copy.writeInt32BE(random.pick(NUMBERS_32), at)
    }),
  nul: (message, random) => spliced(message, random, Buffer.alloc(1 + random.below(3))),
  newline: (message, random) => spliced(message, random, Buffer.from('\n\r')),
  noUtf8: (message, random) => spliced(message, random, random.pick(NO_UTF8)),
  quote: (message, random) =>
    spliced(message, random, Buffer.from(random.pick(["'", '"', '$$', '--', '/*', ';', '\\', "E'"]))),
  noise: (message, random) => [frame(tag(message), random.bytes(random.below(64)))],
  rawNoise: (_message, random) => [random.bytes(1 + random.below(64))],
  empty: message => [frame(tag(message))],
  /** A Bind that promises 65,535 formats, values or result columns and brings few. */
  absurdBind: (_message, random) => {
    const promised = Buffer.alloc(2, 0xff)
    const before = random.below(3)
    return [
      frame(
        'B',
        Buffer.concat([Buffer.alloc(2), Buffer.alloc(2 * before), promised, random.bytes(random.below(400))]),
      ),
    ]
  },
  large: (message, random) => [
    frame(tag(message), Buffer.concat([body(message), Buffer.alloc(random.below(90_000), 0x61)])),
  ],
}

export interface Mutated {
  readonly messages: readonly Buffer[]
  /** How many of the messages given were changed, and in which ways. */
  readonly ways: readonly string[]
}

/** Changes some of the messages and their order; the same for the same `random`. */
export function mutate(messages: readonly Buffer[], random: Random, foreign: readonly Buffer[]): Mutated {
  const out: Buffer[] = []
  const ways: string[] = []
  const names = Object.keys(MUTATIONS)
  // Some cases are changed all over, most in few places, so that what comes behind a change is seen too.
  const oneIn = random.pick([2, 6, 6, 15])
  for (const message of messages) {
    if (!random.once(oneIn) || message.length === 0) {
      out.push(message)
      continue
    }
    const way = random.pick(names)
    ways.push(way)
    out.push(...(MUTATIONS[way]?.(message, random, () => random.pick(foreign)) ?? []))
  }
  if (random.once(4) && out.length > 1) {
    const at = random.below(out.length - 1)
    out.splice(at, 2, ...out.slice(at, at + 2).toReversed())
    ways.push('reorder')
  }
  return { messages: out.filter(message => message.length > 0), ways }
}
