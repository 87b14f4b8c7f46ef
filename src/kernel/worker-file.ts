/**
 * Where a worker thread's compiled file lies. Sources run under the tests as `.ts`, which a worker of Node 20 cannot
 * load: then the built file beside them in `dist` is taken (`npm test` builds first).
 */
export function workerFile(from: string, name: string): URL {
  const url = new URL(name, from)
  if (!from.endsWith('.ts')) return new URL(url.href.replace(/\.ts$/, '.js'))
  return new URL(url.href.replace('/src/', '/dist/').replace(/\.ts$/, '.js'))
}
