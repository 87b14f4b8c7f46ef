// A host that has been taken over: it lets everybody in and then opens channels that nobody asked for, a hundred of each kind.
// Prints a line of JSON with its port and host key; what is run there says how many were refused.
import ssh2 from 'ssh2'

const TIMES = 100
const [WINDOW, PACKET] = [1 << 20, 1 << 15]

const { private: key, public: line } = ssh2.utils.generateKeyPairSync('ed25519')

const KINDS = [
  (protocol, id) => protocol.openssh_authAgent(id, WINDOW, PACKET),
  (protocol, id) => protocol.x11(id, WINDOW, PACKET, { originAddr: '127.0.0.1', originPort: 6000 }),
  (protocol, id) =>
    protocol.forwardedTcpip(id, WINDOW, PACKET, {
      boundAddr: '127.0.0.1',
      boundPort: 22,
      remoteAddr: '127.0.0.1',
      remotePort: 40_000,
    }),
  (protocol, id) =>
    protocol.openssh_forwardedStreamLocal(id, WINDOW, PACKET, { socketPath: '/run/docker.sock' }),
]

const server = new ssh2.Server({ hostKeys: [key] }, client => {
  client.on('error', () => undefined)
  client.on('authentication', attempt => attempt.accept())
  client.on('session', accept => {
    accept().on('exec', (accept, _, { command }) => {
      const stream = accept()
      const protocol = client._protocol
      let [answers, refused] = [0, 0]
      const answered = outcome => {
        if (outcome instanceof Error) refused++
        if (++answers < TIMES * KINDS.length) return
        stream.write(`${command}: ${refused} of ${answers} refused\n`)
        stream.exit(0)
        stream.end()
      }
      for (const open of KINDS) for (let n = 0; n < TIMES; n++) open(protocol, client._chanMgr.add(answered))
    })
  })
}).listen(0, '127.0.0.1', () => {
  const told = { port: server.address().port, key: line.split(' ').slice(0, 2).join(' ') }
  process.stdout.write(`${JSON.stringify(told)}\n`)
})
