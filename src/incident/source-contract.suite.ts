import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fault, isFault } from '../kernel/faults.ts'
import type { Headers, Reported, Source } from './source.ts'

/** What a kind of source must bring to be judged. */
export interface SourceSample {
  readonly source: Source
  /** Secrets as configured; the suite rotates them. */
  readonly secret: string
  readonly otherSecret: string
  readonly now: number
  /** Headers that prove `body` under `secret`, as the real sender makes them. */
  prove(body: Buffer, secret: string, sentAt: number): Headers
  /** False where nothing in a message says when it was sent. */
  readonly timed: boolean
  /** A message as the real sender sends it, with a field that nobody knows yet. */
  readonly body: Buffer
  readonly reports: readonly Partial<Reported>[]
  /** Genuine JSON of the right kind that lacks what matters → the field its fault must name. */
  readonly malformed: readonly { readonly body: string; readonly field: string }[]
}

const MAPPING = { severity: { critical: 1, warning: 3 } }

/** Every kind of source passes this. */
export function sourceContract(sample: SourceSample): void {
  const { source, secret, otherSecret, now, body } = sample
  const verify = (headers: Headers, secrets: readonly string[] = [secret], raw = body, at = now) =>
    source.verify(headers, raw, secrets, at)

  describe(`source contract: ${source.kind}`, () => {
    it('accepts what the sender proves, also with the second of two secrets while rotating', () => {
      const headers = sample.prove(body, secret, now)
      expect(verify(headers)).toMatchObject({ sentAt: now })
      expect(verify(headers, [otherSecret, secret])).toMatchObject({ sentAt: now })
    })

    it('refuses a wrong secret, no proof, and every proof when no secret is configured (requirement 7)', () => {
      expect(isFault(verify(sample.prove(body, otherSecret, now)), 'incident.signature')).toBe(true)
      expect(isFault(verify({}), 'incident.signature')).toBe(true)
      expect(isFault(verify(sample.prove(body, secret, now), []), 'incident.signature')).toBe(true)
    })

    it('tells nothing of the secret in a refusal', () => {
      const refused = verify(sample.prove(body, otherSecret, now))
      expect(JSON.stringify(refused) + (refused as Fault).message + (refused as Fault).next).not.toContain(
        secret,
      )
    })

    it.runIf(sample.timed)('refuses what was signed more than five minutes from now, either way', () => {
      for (const off of [-301_000, 301_000])
        expect(isFault(verify(sample.prove(body, secret, now + off)), 'incident.signature')).toBe(true)
      for (const off of [-299_000, 299_000])
        expect(verify(sample.prove(body, secret, now + off))).not.toBeInstanceOf(Fault)
    })

    it.runIf(sample.timed)('refuses a body of which one bit was changed', () => {
      const headers = sample.prove(body, secret, now)
      fc.assert(
        fc.property(fc.nat(body.length * 8 - 1), bit => {
          const changed = Buffer.from(body)
          changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
          expect(isFault(verify(headers, [secret], changed), 'incident.signature')).toBe(true)
        }),
        { numRuns: 200 },
      )
    })

    it('understands a real message and ignores fields it does not know', () => {
      expect(source.normalise(body, MAPPING, now)).toMatchObject(sample.reports)
    })

    it.each(sample.malformed)('names the field that is missing or malformed: $field', ({ body, field }) => {
      const fault = source.normalise(Buffer.from(body), MAPPING, now)
      expect(fault).toMatchObject({ code: 'incident.invalid', facts: { field } })
    })

    it('never throws, whatever bytes or JSON arrive', () => {
      const anything = fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.json().map(text => Buffer.from(text)),
      )
      fc.assert(
        fc.property(anything, fc.dictionary(fc.string(), fc.string()), (bytes, headers) => {
          const raw = Buffer.from(bytes)
          expect(isFault(source.verify(headers, raw, [secret], now), 'incident.signature')).toBe(true)
          const reports = source.normalise(raw, MAPPING, now)
          if (reports instanceof Fault) expect(reports.code).toBe('incident.invalid')
        }),
      )
    })

    it('never throws on a message whose every field may be of any kind', () => {
      const real = JSON.parse(body.toString()) as unknown
      fc.assert(
        fc.property(fc.infiniteStream(fc.tuple(fc.nat(5), fc.jsonValue())), changes => {
          const text = JSON.stringify(disturbed(real, changes))
          const reports = source.normalise(Buffer.from(text), MAPPING, now)
          if (reports instanceof Fault) {
            expect(reports.code).toBe('incident.invalid')
            return
          }
          for (const report of reports) {
            expect([1, 2, 3, 4, 5]).toContain(report.severity)
            expect(report.services.every(name => name.length <= 64)).toBe(true)
            expect(report.title).not.toMatch(/\p{Cc}/u)
            expect(Number.isSafeInteger(report.openedAt) && Number.isSafeInteger(report.updatedAt)).toBe(true)
          }
        }),
      )
    })
  })
}

/** Replaces a part of a JSON value, one in six at each place, by something else. */
function disturbed(value: unknown, changes: Iterator<[number, unknown]>): unknown {
  const [dice, other] = changes.next().value as [number, unknown]
  if (dice === 0) return other
  if (Array.isArray(value)) return value.map(item => disturbed(item, changes))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, disturbed(item, changes)]))
}
