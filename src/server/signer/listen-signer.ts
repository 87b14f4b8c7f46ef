import { chmod, chown, lstat, unlink } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { Fault } from '../../kernel/faults.ts'
import { serveSigner } from '../../ledger/signer/serve-signer.ts'
import { openSignerDirectory } from './signer-directory.ts'

export interface ListenSignerOptions {
  /** Keys and memories. */
  readonly directory: string
  /** Path of the socket. The kernel lets only those connect who may write to it; its folder must not be open to others. */
  readonly socket: string
  /** Whose server may connect; default: this account's. Another uid takes root, a gid takes membership. */
  readonly allow: { readonly uid?: number; readonly gid?: number }
}

export interface ListeningSigner {
  /** Ends every connection, and with it the logs behind it. */
  close(): Promise<void>
}

/** A server holds one connection; more than this many are looked at by nobody. */
const MOST_CONNECTIONS = 16

/**
 * A signer that runs on its own, for servers of another account. Faults: `ledger.in_use` when another process has the
 * directory or answers at the socket, `config.invalid` when the socket cannot be made as asked.
 */
export async function listenSigner({
  directory,
  socket,
  allow,
}: ListenSignerOptions): Promise<ListeningSigner> {
  const house = await openSignerDirectory(directory)
  const open = new Map<Socket, Promise<void>>()
  const server = createServer({ allowHalfOpen: true }, one => {
    open.set(
      one,
      serveSigner(one, house).finally(() => open.delete(one)),
    )
  })
  server.maxConnections = MOST_CONNECTIONS
  try {
    await makeWay(socket)
    // Nobody may connect between the making of the socket and the setting of its owner.
    const before = process.umask(0o177)
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ path: socket }, resolve)
      })
    } finally {
      process.umask(before)
    }
    if (allow.uid !== undefined || allow.gid !== undefined) {
      const own = await lstat(socket)
      await chown(socket, allow.uid ?? own.uid, allow.gid ?? own.gid)
    }
    if (allow.gid !== undefined) await chmod(socket, 0o660)
  } catch (cause) {
    server.close()
    await house.close()
    if (cause instanceof Fault) throw cause
    const code = (cause as NodeJS.ErrnoException).code ?? 'error'
    throw new Fault('config.invalid', `The socket ${socket} cannot be made (${code}).`, {
      next:
        code === 'EPERM'
          ? 'Only root can give it to another account; use --allow-gid with a group that this account is in.'
          : 'Its folder must exist and belong to the account of the signer.',
      cause,
    })
  }
  return {
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const one of open.keys()) one.destroy()
      await Promise.all(open.values())
      await closed
      await house.close()
    },
  }
}

/** Removes a socket that nobody listens at; whatever else is there stays. */
async function makeWay(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return
  if (!found.isSocket()) throw inTheWay(path, 'something that is no socket')
  const answered = await new Promise<boolean>(resolve => {
    const probe = connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
  if (answered) throw inTheWay(path, 'the socket of another signer')
  await unlink(path)
}

function inTheWay(path: string, what: string): Fault {
  return new Fault('ledger.in_use', `At ${path} there is ${what}.`, {
    next: 'Name another path with --socket, or stop the other signer.',
    facts: { socket: path },
  })
}
