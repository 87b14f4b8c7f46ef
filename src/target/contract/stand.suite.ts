import { expect } from 'vitest'
import { Fault, isFault } from '../../kernel/faults.ts'
import type { SessionEnd } from '../action.ts'
import type { Passage, TargetLogin } from '../passage.ts'
import { openDoor, type Door, type DoorSession } from './door.suite.ts'
import type { ContractClient, Knock, ProtocolLab } from './lab.suite.ts'
import { makePassage } from './made-passage.suite.ts'
import { openWire, type Wire } from './wire.suite.ts'

export const EXPIRED: SessionEnd = {
  reason: 'expired',
  text: 'breakglass: your access to the target ended at 12:00:00 UTC.',
}

export interface Entered {
  readonly client: ContractClient
  readonly session: DoorSession
}

/** client → door → wire → target: what every case of the contract stands on. Made once per protocol. */
export class Stand {
  readonly lab: ProtocolLab
  readonly door: Door
  /** Between the door and the target. */
  readonly wire: Wire
  /** Of the sessions that begin from now on. */
  targetLogin: TargetLogin
  /** Where the target of sessions that begin from now on is; undefined: behind the wire. */
  address: string | undefined
  #marks = 0
  readonly #clients: ContractClient[] = []

  private constructor(lab: ProtocolLab, door: Door, wire: Wire) {
    this.lab = lab
    this.door = door
    this.wire = wire
    this.targetLogin = lab.targetLogin
  }

  static async open(lab: ProtocolLab): Promise<Stand> {
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(lab.target.address) ?? []
    const wire = await openWire({ host, port: Number(port) })
    const stand: { made?: Stand } = {}
    const door = await openDoor({
      protocol: lab.protocol,
      desk: lab.desk,
      rules: lab.rules,
      passage: () => (stand.made as Stand).#through(),
    })
    stand.made = new Stand(lab, door, wire)
    await lab.protocol.provision(stand.made.passage())
    return stand.made
  }

  /** Of the grant, straight to the target. */
  passage(login = this.targetLogin, target = this.lab.target): Passage {
    return makePassage({
      grant: 'g_contract',
      session: 's_contract',
      target,
      scope: this.lab.scope,
      login,
      remainingMs: 600_000,
    })
  }

  #through(): Passage {
    const address = this.address ?? `127.0.0.1:${this.wire.port}`
    return this.passage(this.targetLogin, { ...this.lab.target, address })
  }

  /** A client in its session; it is gone after the case. */
  async enter(knock: Partial<Knock> = {}): Promise<Entered> {
    const client = await this.lab.connect({ port: this.door.port, ...knock })
    this.#clients.push(client)
    const session = this.door.sessions.at(-1)
    if (!session) throw new Error('a client got in without a session')
    return { client, session }
  }

  /** The words in which somebody is refused at the door. */
  async refused(knock: Partial<Knock> = {}): Promise<string> {
    const let_in = await this.lab.connect({ port: this.door.port, ...knock }).catch((cause: unknown) => cause)
    if (let_in instanceof Error) return let_in.message
    throw new Error('somebody got in who should have been refused')
  }

  /** A word that was not used before. */
  mark(what: string): string {
    return `${what}${++this.#marks}`
  }

  async seen(mark: string): Promise<boolean> {
    return (await this.lab.marks()).includes(mark)
  }

  /** What runs at the target under the login of the sessions. */
  running(): Promise<number> {
    return this.lab.running(this.targetLogin.name)
  }

  /** After each case: nobody is left. Gives what the protocol threw although it must not, and faults that were its own. */
  async clear(): Promise<readonly unknown[]> {
    this.wire.flow()
    this.address = undefined
    this.door.prepare(() => undefined)
    this.door.admit(async () => undefined)
    this.door.timeoutMs = 3000
    for (const client of this.#clients.splice(0)) client.reset()
    for (const socket of this.door.open) socket.destroy()
    const ends = await Promise.all(this.door.sessions.splice(0).map(({ end }) => end))
    while (this.door.open.size > 0) await rest(5)
    this.door.failures.length = 0
    return [
      ...this.door.thrown.splice(0),
      ...ends.flatMap(end => (end?.cause === undefined ? [] : end.cause)),
    ]
  }

  async close(): Promise<void> {
    await this.door.close()
    await this.wire.close()
    await this.lab.protocol.control(this.lab.target).close()
    await this.lab.close()
  }
}

/** What `work` throws as a Fault, for its code. */
export async function faultOf(work: () => unknown): Promise<Fault> {
  try {
    await work()
  } catch (cause) {
    if (isFault(cause)) return cause
    throw cause
  }
  throw new Error('nothing was thrown')
}

/** Waits for something to hold, patiently. */
export function eventually<T>(ask: () => T | Promise<T>): ReturnType<typeof expect.poll<T>> {
  return expect.poll(ask, { interval: 15 })
}

export function rest(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
