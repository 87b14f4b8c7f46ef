import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { REFUSE_RULES } from './refuse-rules.ts'

const PAGE = new URL('../COMMANDS.md', import.meta.url)

it('the table of the page is that of the code', () => {
  const rows = Object.entries(REFUSE_RULES).map(
    ([name, { holds, refuses }]) => `| \`${name}\` | ${holds} | ${refuses.replaceAll('|', '\\|')} |`,
  )
  const table = ['| rule | holds | refuses |', '|---|---|---|', ...rows].join('\n')
  const page = readFileSync(PAGE, 'utf8')
  const between = /<!-- rules -->\n\n([^]*)\n\n<!-- end of rules -->/.exec(page)?.[1]
  expect(between).toBe(table)
})
