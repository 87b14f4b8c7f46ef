import type { Call, Define } from '../call.ts'
import { span } from '../times.ts'

export const start: Define = (command, run) => {
  command
    .argument('[folder]', 'the configuration folder, or its breakglass.yaml', '.')
    .addHelpText(
      'after',
      '\nRuns until it is stopped (SIGINT, SIGTERM): sessions end with a message, what is owed is written.',
    )
    .action(run(startServer))
}

async function startServer(call: Call, folder: string): Promise<void> {
  const { terminal } = call
  const stop = new AbortController()
  const end = (): void => stop.abort()
  process.once('SIGTERM', end)
  terminal.interrupted.addEventListener('abort', end, { once: true })
  await call.local.start({
    folder,
    stop: stop.signal,
    onReady: ready =>
      call.answer(ready, () => [
        `breakglass is ready at ${ready.url}`,
        ...ready.listening.map(({ name, address }) => `  ${name.padEnd(10)}${address}`),
        ...ready.links.flatMap(({ handle, link, expiresMs }) => [
          '',
          `Link for the owner ${handle}; works once, within ${span(expiresMs)}:`,
          `  ${link}`,
        ]),
      ]),
  })
}
