// In the place of ssh: hands its arguments and then its input to 127.0.0.1:PIPE_PORT, and writes what comes back.
import { connect } from 'node:net'

const socket = connect(Number(process.env.PIPE_PORT), '127.0.0.1')
socket.write(`${JSON.stringify(process.argv.slice(2))}\n`)
process.stdin.pipe(socket)
socket.pipe(process.stdout)
socket.on('error', error => {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 255
})
socket.on('close', () => process.stdin.destroy())
