import { ask, INIT, tell, VERSION_3 } from './packets.suite.ts'
import { createSftp } from './sftp.ts'
import { Watched } from './watched.suite.ts'

/** Past the greeting, with nothing forwarded yet to look at. */
export async function greeted(rules: ConstructorParameters<typeof Watched>[1] = {}): Promise<Watched> {
  const watched = new Watched(createSftp, rules)
  await watched.client(INIT)
  watched.target(VERSION_3)
  watched.toTarget.length = 0
  watched.toClient.length = 0
  return watched
}

/** With a file open as `h`. */
export async function opened(
  flags: number,
  rules: ConstructorParameters<typeof Watched>[1] = {},
): Promise<Watched> {
  const watched = await greeted(rules)
  await watched.client(ask.open(1, '/f', flags))
  watched.target(tell.handle(1, 'h'))
  watched.toTarget.length = 0
  watched.toClient.length = 0
  return watched
}

export const kinds = (watched: Watched): string[] => watched.guard.actions.map(({ kind }) => kind)

/** A STATUS as its parts. */
export const statusOf = (
  bytes: Buffer,
): { type: number | undefined; id: number; code: number; message: string } => ({
  type: bytes[4],
  id: bytes.readUInt32BE(5),
  code: bytes.readUInt32BE(9),
  message: bytes.toString('utf8', 17, 17 + bytes.readUInt32BE(13)),
})
