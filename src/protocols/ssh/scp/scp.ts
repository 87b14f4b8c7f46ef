import type { FileTransfer, FileTransferPorts } from '../sftp/file-transfer.ts'
import { ScpDownload } from './download.ts'
import type { Direction } from './scp-actions.ts'
import { ScpUpload } from './upload.ts'

/** Watches the channel of an `scp -t` (`upload`) or `scp -f` (`download`), see `scpDirection`. */
export function createScp(direction: Direction, ports: FileTransferPorts): FileTransfer {
  return direction === 'upload' ? new ScpUpload(ports) : new ScpDownload(ports)
}
