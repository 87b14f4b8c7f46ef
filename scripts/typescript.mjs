// Lets Node run the sources as they are: `node --import ./scripts/typescript.mjs file.ts`. Types are taken away and nothing
// else is changed, so that what a bench measures is what the build ships (loaders that keep names wrap every closure).
import { readFileSync } from 'node:fs'
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'

if (isMainThread) register(import.meta.url)

let typescript

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context)
  typescript ??= (await import('typescript')).default
  const file = fileURLToPath(url)
  const { outputText } = typescript.transpileModule(readFileSync(file, 'utf8'), {
    fileName: file,
    compilerOptions: {
      target: 'es2023',
      module: 'esnext',
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
    },
  })
  return { format: 'module', source: outputText, shortCircuit: true }
}
