import { ControlParser } from './control-functions.ts'

/** The words of what was written to a terminal, line by line: without control functions, ends of lines as LF. Pure. */
export function words(text: string): string {
  let out = ''
  const parser = new ControlParser({
    print: code => (out += String.fromCharCode(code)),
    control: code =>
      (out += code === 0x0a || code === 0x09 ? String.fromCharCode(code) : code === 0x0d ? '\n' : ''),
    escape: () => undefined,
    sequence: () => undefined,
  })
  const ended = text.replaceAll('\r\n', '\n')
  for (let at = 0; at < ended.length; at++) parser.next(ended.charCodeAt(at))
  return out
}
