import { Fault } from '../kernel/faults.ts'

/** A line longer than this ends the reading: nothing of ours is. Characters. */
const LONGEST = 16 * 1024 * 1024

/** The lines of a body as they arrive, without their ends (LF, CRLF); what follows the last end counts as a line. */
export async function* linesOf(response: Response): AsyncGenerator<string> {
  if (!response.body) return
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(chunk, { stream: true })
    let from = 0
    for (let at = rest.indexOf('\n'); at !== -1; at = rest.indexOf('\n', from)) {
      yield rest.slice(from, rest[at - 1] === '\r' && at > from ? at - 1 : at)
      from = at + 1
    }
    rest = rest.slice(from)
    if (rest.length > LONGEST) throw new Fault('input.too_large', 'The server sent a line without end.')
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}
