import { missing } from '../servers/missing.ts'
import { describe } from 'vitest'
import { protocolContract } from '../../../src/target/protocol-contract.suite.ts'
import { openContractLab } from './contract-lab.ts'

describe.skipIf(missing('postgres15', 'openssl').length > 0)('PostgreSQL', () => {
  protocolContract('postgres', {
    ways: ['SCRAM-SHA-256'],
    nonsense: [
      { field: 'database', settings: { database: undefined } },
      { field: 'database', settings: { databases: ['shop'] } },
      { field: 'databases', settings: { database: undefined, databases: ['shop', 'shop'] } },
      { field: 'login', settings: { login: 'breakglass' } },
      { field: 'login.user', settings: { login: { user: 'a\nb', password: 'x' } } },
      { field: 'tls', settings: { tls: 'perhaps' } },
      { field: 'tls_negotiation', settings: { tls_negotiation: 'direct' } },
      { field: 'connections', settings: { connections: 0 } },
      { field: 'dormant', settings: { dormant: 17 } },
      { field: 'primary', settings: { primary: 'somewhere' } },
      { field: 'address', address: 'localhost' },
      { field: 'address', address: 'localhost:70000' },
    ],
    open: openContractLab,
  })
})
