import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { administrationCases, controlCases } from './contract/control.suite.ts'
import { crashCases } from './contract/crash.suite.ts'
import { endingCases } from './contract/ending.suite.ts'
import { evidenceCases } from './contract/evidence.suite.ts'
import type { Nonsense, ProtocolLab } from './contract/lab.suite.ts'
import { loginCases } from './contract/login.suite.ts'
import { malformedCases } from './contract/malformed.suite.ts'
import { pressureCases } from './contract/pressure.suite.ts'
import { Stand } from './contract/stand.suite.ts'

export interface ContractOptions {
  /** The ways a client can prove who it is; the first is the usual one. */
  readonly ways: readonly [string, ...string[]]
  readonly nonsense: readonly Nonsense[]
  open(): Promise<ProtocolLab>
}

/**
 * What every protocol promises (`target/protocol.ts`), asked of the protocol with a real target behind it and real clients
 * before it. The same cases under the same names for each; what only one protocol knows is tested beside it.
 */
export function protocolContract(protocol: string, options: ContractOptions): void {
  describe(`the contract of protocols, kept by ${protocol}`, () => {
    let stand: Stand
    beforeAll(async () => {
      stand = await Stand.open(await options.open())
    })
    afterEach(async () => expect(await stand.clear()).toEqual([]))
    afterAll(() => stand.close())
    const ask = (): Stand => stand

    loginCases(ask, options.ways)
    evidenceCases(ask)
    endingCases(ask)
    pressureCases(ask)
    crashCases(ask)
    malformedCases(ask)
    controlCases(ask)
    administrationCases(ask, options.nonsense)
  })
}
