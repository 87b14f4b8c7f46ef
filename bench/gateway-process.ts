/** The gateway of a world in a process of its own, so that what it uses can be told from what its clients use. Arguments: breakglass.yaml, ms its clock is ahead. */
import { loadConfig } from '../src/server/config/load-config.ts'
import { startServer } from '../src/server/start-server.ts'
import { systemClock } from '../src/server/system-clock.ts'

const [file = '', ahead = '0'] = process.argv.slice(2)
const real = systemClock()
const server = await startServer({
  config: loadConfig(file),
  version: 'bench',
  plaintextFromLoopback: true,
  clock: {
    now() {
      const now = real.now()
      return { ...now, wall: now.wall + Number(ahead), mono: now.mono + Number(ahead) }
    },
  },
  log: (level, message) => {
    if (level === 'error') console.error(message)
  },
})
process.once('SIGTERM', () => void server.close().then(() => process.exit(0)))
process.send?.('ready')
