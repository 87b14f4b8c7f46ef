import { SshReader, SshWriter } from '../messages/fields.ts'
import type { Destination } from '../inspect/destination.ts'

/** A terminal that was asked for (RFC 4254 §6.2). */
export interface Terminal {
  readonly term: string
  readonly cols: number
  readonly rows: number
}

/** What a client asked for before its program began; goes on record with it. */
export interface Preparation {
  terminal: Terminal | undefined
  /** `NAME=value`, at most `MOST_ENV`. */
  readonly env: string[]
}

export const MOST_ENV = 64

export function readTerminal(data: Buffer): Terminal {
  const reader = new SshReader(data)
  const term = reader.text()
  const cols = reader.uint32()
  const rows = reader.uint32()
  reader.uint32()
  reader.uint32()
  reader.string()
  reader.end()
  return { term: term.slice(0, 100), cols, rows }
}

/** Of a window-change (RFC 4254 §6.7). */
export function readSize(data: Buffer): Pick<Terminal, 'cols' | 'rows'> {
  const reader = new SshReader(data)
  return { cols: reader.uint32(), rows: reader.uint32() }
}

/** `COLSxROWS`. */
export function textOfSize({ cols, rows }: Pick<Terminal, 'cols' | 'rows'>): string {
  return `${cols}x${rows}`
}

/** Milliseconds of a break (RFC 4335 §3). */
export function readBreak(data: Buffer): number {
  return new SshReader(data).uint32()
}

export function readEnv(data: Buffer): { readonly name: string; readonly value: string } {
  const reader = new SshReader(data)
  const variable = { name: reader.text(), value: reader.text() }
  reader.end()
  return variable
}

export function writeEnv(name: string, value: string): Buffer {
  return new SshWriter().string(name).string(value).take()
}

/** The one string of exec, subsystem, signal and exit-signal. */
export function readOneText(data: Buffer): string {
  return new SshReader(data).text()
}

export function writeExitStatus(status: number): Buffer {
  return new SshWriter().uint32(status).take()
}

export function readExitStatus(data: Buffer): number {
  return new SshReader(data).uint32()
}

export function writeText(text: string): Buffer {
  return new SshWriter().string(text).take()
}

/** Where a forward leads (RFC 4254 §7.2; direct-streamlocal@openssh.com has a path and no port). */
export function readDirectTcpip(data: Buffer): Destination {
  const reader = new SshReader(data)
  const destination = { host: reader.text(), port: reader.uint32() }
  reader.string()
  reader.uint32()
  reader.end()
  return destination
}

export function readDirectStreamlocal(data: Buffer): Destination {
  const reader = new SshReader(data)
  const destination = { path: reader.text() }
  reader.string()
  reader.uint32()
  return destination
}

/** Where somebody connected at the target, of a channel that it opens for that (RFC 4254 §7.2); undefined for other channels. */
export function readForwarded({
  channel,
  data,
}: {
  readonly channel: string
  readonly data: Buffer
}): Destination | undefined {
  if (channel === 'forwarded-tcpip') return readDirectTcpip(data)
  if (channel !== 'forwarded-streamlocal@openssh.com') return undefined
  return { path: new SshReader(data).text() }
}

export function describe(destination: Destination): string {
  if ('path' in destination) return `unix:${destination.path}`
  const { host, port } = destination
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
