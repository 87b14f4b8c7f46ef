import { describe } from 'vitest'
import { protocolContract } from '../../../src/target/protocol-contract.suite.ts'
import { openContractLab } from './contract-lab.ts'
import { missingSshd } from './lab.ts'

describe.skipIf(missingSshd.length > 0)('SSH', () => {
  protocolContract('ssh', {
    ways: ['key', 'secret'],
    nonsense: [
      { field: 'host_keys', settings: { host_keys: undefined } },
      { field: 'host_keys', settings: { host_keys: [] } },
      { field: 'host_keys.0', settings: { host_keys: ['ssh-rsa AAAA'] } },
      { field: 'source_address', settings: { source_address: 'somewhere' } },
      { field: 'address', address: 'web-1' },
      { field: 'address', address: 'web-1:70000' },
    ],
    open: openContractLab,
  })
})
