import { SftpChannel } from './channel.ts'
import { ClientRequests } from './client-requests.ts'
import type { FileTransfer, FileTransferPorts } from './file-transfer.ts'
import { TargetAnswers } from './target-answers.ts'

/** Watches an sftp subsystem, version 3 (draft-ietf-secsh-filexfer-02) with the extensions of OpenSSH. */
export function createSftp(ports: FileTransferPorts): FileTransfer {
  const channel = new SftpChannel(ports)
  const answers = new TargetAnswers(channel)
  const requests = new ClientRequests(channel, (id, bytes) => answers.answer(id, bytes))
  return {
    fromClient: bytes => requests.take(bytes),
    fromTarget: bytes => answers.take(bytes),
    clientHasRoom: () => answers.sendOurs(),
    close: () => channel.close(),
  }
}
