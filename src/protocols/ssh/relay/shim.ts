import type { Action, Outcome, Permit, SessionRules } from '../../../target/action.ts'
export interface FileTransferPorts {
  readonly rules: SessionRules
  submit(action: Action): Permit | Promise<Permit>
  finish(seq: number, outcome: Outcome): void
  toTarget(bytes: Buffer): void
  toClient(bytes: Buffer): void
  answer(bytes: Buffer): void
  swallowed(count: number): void
  now(): number
  violation(what: string): void
}
export interface FileTransfer {
  fromClient(bytes: Buffer): void | Promise<void>
  fromTarget(bytes: Buffer): void
  close(): void
}
export const createSftp = (p: FileTransferPorts): FileTransfer => ({
  fromClient: b => p.toTarget(b),
  fromTarget: b => p.toClient(b),
  close: () => undefined,
})
export const createScp = (_d: string, p: FileTransferPorts): FileTransfer => createSftp(p)
export const scpDirection = (text: string): string | undefined =>
  /^scp .*-[tf]/.test(text) ? 'x' : undefined
