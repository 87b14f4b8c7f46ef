import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kept, MOST_SEALED, sealPacket } from './seal-packet.ts'

/** The packet as a cipher gets it, read by RFC 4253 §6. */
function sealed(head: Uint8Array, data: Uint8Array) {
  let packet = Buffer.alloc(0)
  sealPacket({ encrypt: bytes => void (packet = Buffer.from(bytes)) }, head, data)
  const padding = packet[4] ?? 0
  return { packet, padding, payload: packet.subarray(5, packet.length - padding) }
}

describe('sealPacket', () => {
  it('makes the packet of RFC 4253 §6, in blocks of 16 behind the length, padded by 4 to 19 bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 40_000 }), (head, data) => {
        const { packet, padding, payload } = sealed(head, data)
        expect(packet.readUInt32BE(0)).toBe(packet.length - 4)
        expect((packet.length - 4) % 16).toBe(0)
        expect(padding).toBeGreaterThanOrEqual(4)
        expect(padding).toBeLessThan(20)
        expect(payload.equals(Buffer.concat([head, data]))).toBe(true)
      }),
    )
  })

  it('takes the largest payload', () => {
    expect(sealed(new Uint8Array(9), new Uint8Array(MOST_SEALED - 9)).payload).toHaveLength(MOST_SEALED)
  })

  it('pads with what nobody knows: no padding comes twice', () => {
    const seen = new Set<string>()
    for (let round = 0; round < 5000; round++) {
      const { packet, padding } = sealed(new Uint8Array(9), new Uint8Array(0))
      seen.add(packet.subarray(packet.length - padding).toString('hex'))
    }
    expect(seen.size).toBeGreaterThan(4990)
  })

  it('hands on views that the next packet overwrites, and `kept` saves them', () => {
    const handed: Buffer[] = []
    const cipher = { encrypt: (packet: Buffer) => void handed.push(kept(packet.subarray(0, 4))) }
    sealPacket(cipher, Buffer.alloc(9), Buffer.alloc(100))
    sealPacket(cipher, Buffer.alloc(9), Buffer.alloc(1000))
    expect(handed.map(bytes => bytes.readUInt32BE(0))).toEqual([128, 1024])
    const own = Buffer.alloc(4)
    expect(kept(own)).toBe(own)
  })
})
