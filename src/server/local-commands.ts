import { dirname, resolve } from 'node:path'
import type { LocalCommands } from '../cli/local.ts'
import { Fault } from '../kernel/faults.ts'

/** What the command line runs on this machine; each part is loaded when it is asked for. */
export function localCommands(version: string): LocalCommands {
  return {
    async init(options) {
      const { initFolder } = await import('./init/init-folder.ts')
      return initFolder(options)
    },
    async start({ folder, stop, onReady }) {
      const { loadConfig } = await import('./config/load-config.ts')
      const { startServer } = await import('./start-server.ts')
      const { formatAddress } = await import('./config/units.ts')
      const config = loadConfig(folder)
      const server = await startServer({ config, version })
      onReady({
        url: server.url,
        listening: [
          { name: 'api', address: formatAddress({ ...config.listen.api, port: server.ports.api }) },
          ...[...server.ports.protocols].map(([name, port]) => ({
            name,
            address: formatAddress({ host: config.listen.protocols[name]?.host ?? '', port }),
          })),
        ],
        links: server.welcome?.links ?? [],
      })
      await stopped(stop)
      await server.close()
    },
    async witness({ listen, stop, onReady, ...options }) {
      const { startWitness } = await import('./witness/start-witness.ts')
      const { formatAddress, parseAddress } = await import('./config/units.ts')
      const address = parseAddress(listen)
      if (address === undefined)
        throw new Fault('input.invalid', `--listen: ${JSON.stringify(listen)} is no address.`, {
          next: 'Give host:port, such as 127.0.0.1:7080.',
        })
      const witness = await startWitness({ ...options, ...address })
      const { name, vkey, fresh, port, following } = witness
      onReady({ name, vkey, fresh, following, url: `http://${formatAddress({ ...address, port })}` })
      await stopped(stop)
      await witness.close()
    },
    async backup({ config, to, onProgress }) {
      const { backUp } = await import('./backup/back-up.ts')
      const { logs, files } = await backUp({ config, to, version, onProgress })
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
      return { folder: resolve(to), logs, files: files.length, bytes }
    },
    async restore(options) {
      const { restore } = await import('./backup/restore.ts')
      return restore(options)
    },
    async changeKeys({ config, log, change }) {
      const { loadConfig } = await import('./config/load-config.ts')
      const { changeKeys } = await import('./signer/change-keys.ts')
      return changeKeys({ config: loadConfig(config), log, change })
    },

    async signer({ directory, socket, allow, stop, onReady }) {
      const { listenSigner } = await import('./signer/listen-signer.ts')
      const listening = await listenSigner({ directory: resolve(directory), socket: resolve(socket), allow })
      onReady()
      await stopped(stop)
      await listening.close()
    },
    async procedures(folder) {
      const { loadConfig } = await import('./config/load-config.ts')
      const { knownOf, readProcedureFiles } = await import('./procedure-folder.ts')
      const config = loadConfig(folder)
      return {
        folder: dirname(config.file),
        files: readProcedureFiles(config),
        known: knownOf(config),
        targets: [...config.targets.values()],
      }
    },
    async judge(protocol, script, rules) {
      if (protocol === 'ssh') {
        const { judgeLine } = await import('../protocols/ssh/index.ts')
        return [judgeLine(script, rules)]
      }
      if (protocol !== 'postgres')
        throw new Fault('input.invalid', `There is no text to judge for ${protocol}.`, {
          next: 'Name a database or a host.',
        })
      const { judgeScript } = await import('../protocols/postgres/index.ts')
      return judgeScript(script, rules)
    },
    async verify(data, onProgress) {
      const { verifyFolder } = await import('./verify-folder.ts')
      return verifyFolder(data, onProgress)
    },
  }
}

function stopped(stop: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (stop.aborted) resolve()
    else stop.addEventListener('abort', () => resolve(), { once: true })
  })
}
