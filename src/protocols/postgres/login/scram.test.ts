import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scramChallenge } from './scram-server.ts'
import { scramClient } from './scram-client.ts'
import { SCRAM, SCRAM_PLUS, scramKeys, verifierText } from './scram.ts'
import { saslPrep } from './sasl-prep.ts'

async function verifierFor(secret: string, iterations = 1) {
  const salt = Buffer.from('0123456789abcdef')
  const { storedKey, serverKey } = await scramKeys(secret, salt, iterations)
  return { salt, iterations, storedKey, serverKey }
}

describe('SCRAM-SHA-256', () => {
  it('gives the exchange of RFC 7677 §3 on both sides', async () => {
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
    const { storedKey, serverKey } = await scramKeys('pencil', salt, 4096)
    const challenge = scramChallenge('n,,n=user,r=rOprNGfwEbeRWgbNEkqO', {
      mechanism: SCRAM,
      endPoint: undefined,
      verifier: { salt, iterations: 4096, storedKey, serverKey },
      nonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    })
    expect(challenge.reply).toBe(
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    )
    expect(
      challenge.finish(
        'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
      ),
    ).toBe('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')
  })

  it('attack 15: binds to the channel, and only to this one', async () => {
    const verifier = await verifierFor('s3cret')
    const endPoint = Buffer.alloc(32, 7)
    const exchange = async (clientSees: Buffer | undefined, mechanisms: readonly string[]) => {
      const client = scramClient('s3cret', mechanisms, clientSees, 'abc')
      const server = scramChallenge(client.first, {
        mechanism: client.mechanism,
        endPoint,
        verifier,
        nonce: 'xyz',
      })
      const answer = await client.answer(server.reply)
      const final = server.finish(answer.final)
      return final !== undefined && answer.verify(final)
    }
    await expect(exchange(endPoint, [SCRAM_PLUS, SCRAM])).resolves.toBe(true)
    await expect(exchange(Buffer.alloc(32, 8), [SCRAM_PLUS, SCRAM])).rejects.toThrowError(/channel binding/)
    await expect(exchange(undefined, [SCRAM_PLUS, SCRAM])).resolves.toBe(true)
    // Somebody removed the offer of PLUS: the client says `y`, and that gives them away.
    await expect(exchange(endPoint, [SCRAM])).rejects.toThrowError(/tampered/)
  })

  it.each([
    ['n,a=root,n=,r=abc', 'authorization identity'],
    ['p=tls-unique,,n=,r=abc', 'tampered'],
    ['n,,m=ext,n=,r=abc', 'malformed'],
    ['n,,n=', 'malformed'],
    ['n', 'malformed'],
    ['n,,n=,r=a c', 'nonce'],
  ])('attack 13: refuses %s', async (first, why) => {
    const verifier = await verifierFor('x')
    expect(() =>
      scramChallenge(first, { mechanism: SCRAM, endPoint: undefined, verifier, nonce: 'n' }),
    ).toThrowError(why)
  })

  it('accepts exactly the right secret, whatever it is', async () => {
    const secrets = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(secrets, secrets, async (right, tried) => {
        const verifier = await verifierFor(right)
        const client = scramClient(tried, [SCRAM], undefined, 'abc')
        const server = scramChallenge(client.first, {
          mechanism: SCRAM,
          endPoint: undefined,
          verifier,
          nonce: 'xyz',
        })
        const answer = await client.answer(server.reply)
        expect(server.finish(answer.final) !== undefined).toBe(saslPrep(right) === saslPrep(tried))
      }),
      { numRuns: 60 },
    )
  })

  it('never throws anything but a fault on garbage', async () => {
    const verifier = await verifierFor('x')
    fc.assert(
      fc.property(fc.string(), fc.string(), (first, final) => {
        try {
          scramChallenge(first, { mechanism: SCRAM, endPoint: undefined, verifier, nonce: 'n' }).finish(final)
        } catch (cause) {
          expect(cause).toMatchObject({ code: 'protocol.violation' })
        }
      }),
    )
  })

  it('prepares passwords as RFC 4013 §3 shows', () => {
    expect(saslPrep('I\u00adX')).toBe('IX')
    expect(saslPrep('user')).toBe('user')
    expect(saslPrep('\u00aa')).toBe('a')
    expect(saslPrep('\u2168')).toBe('IX')
    expect(saslPrep('\u0007')).toBe('\u0007')
  })

  it('writes a verifier as pg_authid holds it', async () => {
    const { storedKey, serverKey } = await scramKeys(
      'pencil',
      Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'),
      4096,
    )
    expect(
      verifierText({
        salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'),
        iterations: 4096,
        storedKey,
        serverKey,
      }),
    ).toMatch(/^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$/)
  })
})
