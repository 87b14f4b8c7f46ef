import { Passage } from '../passage.ts'

/** The maker, claimed once for all tests of a process: a test with this is a test without the gateway. */
export const makePassage = Passage.claimMaker()
