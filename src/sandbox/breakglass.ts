import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Said } from './engineer.ts'

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))

/** The command line as somebody types it in the terminal with this environment. `heardAt`: wall milliseconds of the last output. */
export async function breakglass(
  terminal: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<Said & { readonly heardAt: number }> {
  const began = performance.now()
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...terminal },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  let heardAt = 0
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', chunk => {
      text += String(chunk)
      heardAt = Date.now()
    })
  const [code] = (await once(child, 'close')) as [number | null]
  return { ok: code === 0, text: text.trim(), ms: performance.now() - began, heardAt }
}
