import { FRAME_HEADER, frameAt, RECORD_HEADER } from './frame.ts'

/** Numbers of one place: offset of the entry in its segment, its length, length of what is sealed with it. */
export const PLACE_FIELDS = 3

/**
 * Where the entries `first` up to, not including, `first + count` stand in the bytes of their segment, `PLACE_FIELDS` numbers for
 * each, found by walking over the lengths of frames and records. Fewer than asked for where those do not lead on. Nothing is
 * checked beyond that: whoever reads an entry compares it with the tree.
 */
export function placeEntries(bytes: Buffer, first: number, count: number): Uint32Array {
  const places = new Uint32Array(count * PLACE_FIELDS)
  let placed = 0
  for (
    let frame = frameAt(bytes, 0);
    frame?.first === first + placed && placed < count;
    frame = frameAt(bytes, frame.end)
  ) {
    let at = frame.offset + FRAME_HEADER
    for (let left = frame.count; left > 0 && placed < count; left -= 1) {
      if (at + RECORD_HEADER > frame.end) return places.subarray(0, placed * PLACE_FIELDS)
      const length = bytes.readUInt32BE(at)
      const sealed = bytes.readUInt32BE(at + 4)
      const offset = at + RECORD_HEADER
      at = offset + length + sealed
      if (at > frame.end) return places.subarray(0, placed * PLACE_FIELDS)
      places[placed * PLACE_FIELDS] = offset
      places[placed * PLACE_FIELDS + 1] = length
      places[placed * PLACE_FIELDS + 2] = sealed
      placed += 1
    }
  }
  return places.subarray(0, placed * PLACE_FIELDS)
}
