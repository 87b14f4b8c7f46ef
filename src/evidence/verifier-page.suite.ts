import { createHash } from 'node:crypto'

/** The page with the verifier in it, and a policy that lets nothing else run, load or leave. */
export function verifierPage(template: string, verifier: string): string {
  const whole = template.replace('VERIFIER', () => `\n${verifier}`)
  const digest = (between: RegExp): string =>
    createHash('sha256')
      .update(between.exec(whole)?.[1] ?? '')
      .digest('base64')
  return whole
    .replace('sha256-STYLE', `sha256-${digest(/<style>(.*?)<\/style>/s)}`)
    .replace('sha256-SCRIPT', `sha256-${digest(/<script type="module">(.*?)<\/script>/s)}`)
}
