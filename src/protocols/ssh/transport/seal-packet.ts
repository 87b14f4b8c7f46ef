import { randomFillSync } from 'node:crypto'

/** What a packet needs of the cipher of npm ssh2 that is in force. */
export interface PacketCipher {
  /** Takes a whole packet (RFC 4253 §6) and hands what it gives to the transport's `onWrite`, in turn. */
  encrypt(packet: Buffer): void
}

/** Larger than any packet of ours: of data there is at most MOST_DATA in one, and what peers send is at most 35,000 bytes. */
const LARGEST = 64 * 1024
/** Of all that is offered (algorithms.ts): the length field stays outside what is encrypted, blocks are of 16 bytes. */
const LENGTH_FIELD = 4
const BLOCK = 16
const LEAST_PADDING = 4
const MOST_PADDING = LEAST_PADDING + BLOCK

/** Packets are made here and encrypted out of it in the same turn, so every connection of the process shares it. */
const bench = Buffer.allocUnsafeSlow(LARGEST)
const randomness = Buffer.allocUnsafeSlow(8192)
let unspent = 0

/** The largest payload that is sealed in one piece. */
export const MOST_SEALED = LARGEST - LENGTH_FIELD - 1 - MOST_PADDING

/**
 * Encrypts a message without memory of its own: `head` and `data` behind it become one packet, at most MOST_SEALED bytes together.
 * What the cipher hands on of the packet itself (its length, in the clear) is a view that the next packet overwrites: see `kept`.
 */
export function sealPacket(cipher: PacketCipher, head: Uint8Array, data: Uint8Array): void {
  const content = 1 + head.length + data.length
  const short = BLOCK - (content % BLOCK)
  const padding = short < LEAST_PADDING ? short + BLOCK : short
  const packet = bench.subarray(0, LENGTH_FIELD + content + padding)
  packet.writeUInt32BE(content + padding, 0)
  packet[LENGTH_FIELD] = padding
  packet.set(head, LENGTH_FIELD + 1)
  packet.set(data, LENGTH_FIELD + 1 + head.length)
  if (unspent < padding) {
    randomFillSync(randomness)
    unspent = randomness.length
  }
  randomness.copy(packet, LENGTH_FIELD + content, unspent - padding, unspent)
  unspent -= padding
  cipher.encrypt(packet)
}

/** Bytes that stay what they are while they wait to be written. */
export function kept(bytes: Buffer): Buffer {
  return bytes.buffer === bench.buffer ? Buffer.from(bytes) : bytes
}
