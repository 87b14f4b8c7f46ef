import { expect, it } from 'vitest'
import { decodeReport } from '../messages/decode.ts'
import { errorResponse } from '../messages/encode.ts'
import { scrubError } from './scrub-error.ts'

const error = (code: string) =>
  errorResponse({ severity: 'ERROR', code, message: 'm', detail: 'Failing row contains (x).', hint: 'h' })

it.each(['23502', '23505', '44000'])('%s leaves without the row it quotes', code => {
  const out = scrubError(error(code))
  expect(out?.toString()).not.toContain('Failing row')
  expect(out?.readInt32BE(1)).toBe((out?.length ?? 0) - 1)
  expect(out && decodeReport(out, 5, out.length)).toMatchObject({ severity: 'ERROR', code, message: 'm' })
  expect(out?.toString()).toContain('Hh\0')
})

it('other errors keep their detail', () => {
  expect(scrubError(error('22012'))).toBeUndefined()
  expect(scrubError(errorResponse({ severity: 'ERROR', code: '23505', message: 'm' }))).toBeUndefined()
})
