/** Packet types of SFTP version 3 (draft-ietf-secsh-filexfer-02 §3). */
export const SFTP = {
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attrs: 105,
  extended: 200,
  extendedReply: 201,
} as const

/** Bits of `pflags` in OPEN (§6.3). */
export const OPEN_FLAGS = { read: 1, write: 2, append: 4, creat: 8, trunc: 16, excl: 32 } as const

/** Codes of STATUS (§7). */
export const STATUS = { ok: 0, eof: 1, permissionDenied: 3, failure: 4, unsupported: 8 } as const

const STATUS_NAMES = [
  'SSH_FX_OK',
  'SSH_FX_EOF',
  'SSH_FX_NO_SUCH_FILE',
  'SSH_FX_PERMISSION_DENIED',
  'SSH_FX_FAILURE',
  'SSH_FX_BAD_MESSAGE',
  'SSH_FX_NO_CONNECTION',
  'SSH_FX_CONNECTION_LOST',
  'SSH_FX_OP_UNSUPPORTED',
]

export function statusName(code: number): string {
  return STATUS_NAMES[code] ?? `SSH_FX_${code}`
}

/** The only version that is spoken. */
export const VERSION = 3

/** Bytes of a whole packet, its length field included: 256 KiB as OpenSSH has it, and its fields. */
export const LARGEST_PACKET = 257 * 1024

/** Bytes of a whole request that is not a WRITE: two paths of the longest kind (4096) and attributes fit. It is held until it is complete. */
export const LARGEST_REQUEST = 16 * 1024

/** Bytes of a handle (§6.2). */
export const LONGEST_HANDLE = 256
