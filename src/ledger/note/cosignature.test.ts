import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Cosigner, cosign, cosignedAt, cosignerKey, parseCosigner } from './cosignature.ts'
import { noteSigner } from './note.ts'
import { parseSignatureLine, splitNote } from './split-note.ts'

const key = cosignerKey('witness.example/w1', Buffer.alloc(32, 5))
const text = `log.example/control\n5\n${Buffer.alloc(32, 9).toString('base64')}\n`

const timeOf = (line: string, cosigner: Cosigner = key, of = text): number | undefined => {
  const signature = parseSignatureLine(line.trimEnd())
  return signature && cosignedAt(of, signature, cosigner)
}

/** A checkpoint of a public log as it was served, with the keys its witnesses publish. */
const PUBLIC = `arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
`
const PUBLIC_WITNESSES = [
  'transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM',
  'witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO',
  'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2',
  'witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv',
]
/** Of another implementation's test data: a CT log's own signature (type 0x05) beside a cosignature. */
const FOREIGN = `rome2026h1.example.org
300
lCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=

— rome2026h1.example.org kVB1JgAAAZtxtEwABAMARzBFAiEAi+mTa2xjL1IdWpH82OeciGsGvwRAP+f1WkfKaSZCfFECIHoNPZ/Q3y6UNzvKOO9cuLr6V16vPNfhwhle9f6r5H/Z
— witness.example.org uKLPIAAAAABpVGeAhm2bOvKc3LaB9PFN1ruG19Y5yqslmcAAbhftnn1Zznmo0LXFZq4LGvqKqLX8jWlwLKasxEGTLIqAVusneCBmBw==
`
const FOREIGN_WITNESS = 'witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN'

describe('cosignatures of other implementations', () => {
  it.each([
    ...PUBLIC_WITNESSES.map(vkey => ({ vkey, note: PUBLIC, time: 1_779_573_024 })),
    { vkey: FOREIGN_WITNESS, note: FOREIGN, time: 1_767_139_200 },
  ])('verify: $vkey', ({ vkey, note, time }) => {
    const cosigner = parseCosigner(vkey)
    const split = splitNote(note)
    const signature = split?.signatures.find(one => one.name === cosigner?.name)
    if (!cosigner || !split || !signature) throw new Error('the vector does not parse')
    expect(signature.keyId).toEqual(cosigner.keyId)
    expect(cosignedAt(split.text, signature, cosigner)).toBe(time)
    expect(cosignedAt(split.text.replace(/\n\d/u, '\n9'), signature, cosigner)).toBeUndefined()
  })
})

describe('cosignatures', () => {
  it('verify for every time, and only for the text, key and time they were made with', () => {
    const other = cosignerKey('witness.example/w1', Buffer.alloc(32, 6))
    fc.assert(
      fc.property(fc.maxSafeNat(), seconds => {
        const line = cosign(text, seconds, key)
        expect(timeOf(line)).toBe(seconds)
        expect(timeOf(line, other)).toBeUndefined()
        expect(timeOf(line, key, `${text}extension\n`)).toBeUndefined()
      }),
      { numRuns: 30 },
    )
  })

  it('cannot change in any byte', () => {
    const line = cosign(text, 1_700_000_000, key)
    const blob = Buffer.from(line.trimEnd().split(' ')[2] ?? '', 'base64')
    for (let at = 4; at < blob.length; at += 1) {
      const changed = Buffer.from(blob)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(cosignedAt(text, { signature: changed.subarray(4) }, key), `byte ${at}`).toBeUndefined()
    }
    for (const length of [0, 8, 64, 71, 73, 2428])
      expect(cosignedAt(text, { signature: Buffer.alloc(length) }, key)).toBeUndefined()
  })

  it('of a time nobody will see are refused, and such a time is not signed', () => {
    const signature = Buffer.alloc(72)
    signature.writeBigUInt64BE(2n ** 63n)
    expect(cosignedAt(text, { signature }, key)).toBeUndefined()
    for (const seconds of [-1, 1.5, Number.NaN, 2 ** 53])
      expect(() => cosign(text, seconds, key)).toThrow(TypeError)
  })

  it('have keys of their own type: the id of the same public key differs from that of a note', () => {
    const seed = Buffer.alloc(32, 5)
    const note = noteSigner('witness.example/w1', seed)
    expect(key.keyId).not.toEqual(note.keyId)
    expect(parseCosigner(key.vkey)).toMatchObject({ name: key.name, keyId: key.keyId })
    expect(parseCosigner(note.vkey)).toBeUndefined()
    expect(() => cosignerKey('a b', seed)).toThrow(TypeError)
    expect(() => cosignerKey('a', seed.subarray(1))).toThrow(TypeError)
  })
})
