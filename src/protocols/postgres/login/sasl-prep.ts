// RFC 4013 §2.1: other spaces become a space, characters "commonly mapped to nothing" (RFC 3454 B.1) go.
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g
const NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200b|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/g
// RFC 4013 §2.3 without the unassigned code points: control, private use, surrogates, non-characters, tagging.
const PROHIBITED =
  /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u0340\u0341\u200e\u200f\u2028-\u202e\u206a-\u206f\ufff9-\ufffd]|[\u{1d173}-\u{1d17a}]|[\u{e0001}-\u{e007f}]/u

/**
 * Prepares a password for SCRAM (RFC 4013). Like PostgreSQL, a password that SASLprep prohibits is used as it is,
 * so that what was set with any tool can be used here too.
 */
export function saslPrep(password: string): string {
  // oxlint-disable-next-line no-control-regex -- plain ASCII is its own prepared form
  if (/^[\u0020-\u007e]*$/.test(password)) return password
  const mapped = password.replace(SPACES, ' ').replace(NOTHING, '').normalize('NFKC')
  return PROHIBITED.test(mapped) || mapped === '' ? password : mapped
}
