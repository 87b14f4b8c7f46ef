import { SFTP } from './packet-types.ts'

/** Packets of SFTP version 3, written out by hand for the tests: a second view of the format, nothing of the product. */
export type Field = number | bigint | string | Buffer

/** number: uint32, bigint: uint64, text and bytes: string. */
export function packet(type: number, ...fields: readonly Field[]): Buffer {
  const body = Buffer.concat([Buffer.from([type]), ...fields.map(encoded)])
  return Buffer.concat([encoded(body.length), body])
}

function encoded(field: Field): Buffer {
  if (typeof field === 'number') {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(field)
    return bytes
  }
  if (typeof field === 'bigint') {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE(field)
    return bytes
  }
  const bytes = Buffer.from(field as string)
  return Buffer.concat([encoded(bytes.length), bytes])
}

export const INIT = packet(SFTP.init, 3)
export const VERSION_3 = packet(SFTP.version, 3, 'limits@openssh.com', '1')

export const ask = {
  open: (id: number, path: Field, flags: number) => packet(SFTP.open, id, path, flags, 0),
  close: (id: number, handle: string) => packet(SFTP.close, id, handle),
  read: (id: number, handle: string, offset: number, length: number) =>
    packet(SFTP.read, id, handle, BigInt(offset), length),
  write: (id: number, handle: string, offset: number, data: Buffer) =>
    packet(SFTP.write, id, handle, BigInt(offset), data),
  path: (type: number, id: number, path: Field) => packet(type, id, path),
  extended: (id: number, name: string, ...fields: readonly Field[]) =>
    packet(SFTP.extended, id, name, ...fields),
}

export const tell = {
  status: (id: number, code: number, message = 'said') => packet(SFTP.status, id, code, message, 'en'),
  handle: (id: number, handle: string) => packet(SFTP.handle, id, handle),
  data: (id: number, data: Buffer) => packet(SFTP.data, id, data),
  names: (id: number, ...names: readonly string[]) =>
    packet(SFTP.name, id, names.length, ...names.flatMap(name => [name, name, 0])),
  attrs: (id: number) => packet(SFTP.attrs, id, 0),
}
