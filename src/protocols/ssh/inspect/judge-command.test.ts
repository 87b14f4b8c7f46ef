import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HostRules } from '../../../target/action.ts'
import { COMMAND_CASES, NAMED } from './command-cases.suite.ts'
import { judgeCommand } from './judge-command.ts'
import { REFUSE_RULES, RULE_NAMES } from './refuse-rules.ts'

const HOST: HostRules = { never: [], forward: [], allow: [] }
const rulesOf = (line: string, host?: Partial<HostRules>, refuse: readonly string[] = []) =>
  judgeCommand(line, { refuse, host: { ...HOST, ...host } }).objections.map(({ rule }) => rule)
const told = (text: string) =>
  `\`\` ${text.replaceAll('\n', '⏎').replaceAll('\t', '⇥').replaceAll('|', '\\|')} \`\``

describe('the matrix of command lines', () => {
  it.each(COMMAND_CASES)('$line', ({ line, rule }) => {
    const { objections } = judgeCommand(line, { refuse: NAMED })
    if (rule === undefined) expect(objections).toEqual([])
    else expect(objections.map(one => one.rule)).toContain(rule)
  })

  it('refuses nothing that no rule names', () => {
    for (const { line } of COMMAND_CASES) expect(judgeCommand(line, { refuse: [] }).objections).toEqual([])
  })

  it('is the one that is published', async () => {
    // `npx vitest run src/protocols/ssh/inspect/judge-command -u` writes it again.
    const rows = (refused: boolean) =>
      COMMAND_CASES.filter(({ rule, line }) => (rule !== undefined) === refused && line !== '').map(
        ({ line, rule }) =>
          `| ${told(line)} | ${rule === undefined ? '' : `\`${rule}\` `}|`.replace('|  |', '| |'),
      )
    const page = [
      '# Command matrix',
      '',
      'Written by `src/protocols/ssh/inspect/judge-command.test.ts`, which fails when a row is no longer true. What the rules are and what they',
      `cannot do: [COMMANDS.md](../src/protocols/ssh/COMMANDS.md). In force: ${NAMED.map(name => `\`${name}\``).join(', ')}.`,
      '',
      `## Must be refused (${rows(true).length})`,
      '',
      '| command line | rule |',
      '|---|---|',
      ...rows(true),
      '',
      `## Must not be refused (${rows(false).length})`,
      '',
      '| command line | |',
      '|---|---|',
      ...rows(false),
      '',
    ].join('\n')
    await expect(page).toMatchFileSnapshot('../../../../docs/COMMAND-MATRIX.md')
  })
})

describe('scope.commands', () => {
  const commands = [
    'systemctl restart *',
    'df -h',
    'tail -n * /var/log/*',
    'sudo systemctl reload nginx',
    '/opt/ops/*',
  ]
  const passes = (line: string) => rulesOf(line, { commands }).length === 0

  it.each([
    'systemctl restart nginx',
    'systemctl restart nginx php-fpm',
    'systemctl restart',
    '/usr/bin/systemctl restart nginx',
    'systemctl restart "$unit"',
    'systemctl restart $(df -h)',
    'df -h',
    'df -h; df -h && systemctl restart a',
    'df -h | tail -n 5 /var/log/syslog',
    'df -h 2>&1 >/dev/null',
    'tail -n 5 /var/log/nginx/error.log',
    'sudo systemctl reload nginx',
    '/opt/ops/rotate',
    'env LC_ALL=C df -h',
    'LC_ALL=C df -h',
    'timeout 5 df -h',
    "sh -c 'df -h; systemctl restart a'",
    'for unit in a b; do systemctl restart $unit; done',
    'printf_=1; df -h',
    'echo_=x df -h'.slice(7),
    '# nothing',
    '',
  ])('permits %j', line => {
    expect(rulesOf(line, { commands })).toEqual([])
  })

  it.each([
    'systemctl stop nginx',
    'df',
    'df -h /',
    'df -h; reboot',
    'df -h $(reboot)',
    'df -h `reboot`',
    '/tmp/systemctl restart nginx',
    './df -h',
    'tail -n 5 /var/log/../../etc/shadow',
    'tail -n 5 /etc/shadow',
    'tail -n 5 $x',
    'tail -n $x /var/log/a',
    'sudo systemctl reload nginx --now',
    'sudo -u root systemctl reload nginx',
    'sudo df -h',
    '/opt/ops/../../bin/sh',
    'PATH=/tmp df -h',
    'env PATH=/tmp df -h',
    'PATH=/tmp; df -h',
    'export PATH=/tmp; df -h',
    'for PATH in /tmp; do df -h; done',
    'LD_PRELOAD=x df -h',
    'https_proxy=x; df -h',
    'df -h > /etc/passwd',
    'df -h < /etc/shadow',
    '> /etc/passwd',
    '{ df -h; } > x',
    'df() { reboot; }; df -h',
    'alias df=reboot\ndf -h',
    '$x',
    'df -h )',
    "df -h 'x",
    'bash',
    'sh -c "$x"',
    'env $x df -h',
    'exec bash',
    'df -h | sh',
    'x="A rm"; env -u $x systemctl restart a',
  ])('refuses %j', line => {
    expect(rulesOf(line, { commands })).toEqual(['commands'])
  })

  it('an empty list permits nothing, and no list everything', () => {
    expect(rulesOf('ls', { commands: [] })).toEqual(['commands'])
    expect(rulesOf('ls')).toEqual([])
    expect(passes('df -h')).toBe(true)
  })
})

describe('scope.never', () => {
  const never = ['systemctl stop *', 'rm -rf /*', 'kill -9 1']

  it.each([
    'systemctl stop nginx',
    '/tmp/x/systemctl stop nginx',
    'sudo systemctl stop nginx',
    'rm -rf /',
    'rm -rf /etc',
    'rm -rf /*',
    'kill -9 1',
    'kill -9 $pid',
    'kill $how',
    'systemctl $verb nginx',
    "sh -c 'systemctl stop a'",
    'ls | xargs systemctl stop',
  ])('refuses %j', line => {
    expect(rulesOf(line, { never })).toEqual(['never'])
  })

  it.each([
    'systemctl start nginx',
    'rm -rf ./x',
    'rm -f /x',
    'kill -9 12',
    'echo systemctl stop',
    'rm -r$x',
    'rm /tmp/$x',
  ])('does not refuse %j', line => {
    expect(rulesOf(line, { never })).toEqual(line === 'rm -r$x' ? ['never'] : [])
  })
})

describe('what is told of a command line', () => {
  it('its programs once each, by names that are commonly known', () => {
    const { verbs, writes, touched, commands } = judgeCommand(
      'systemctl --no-pager restart nginx && ./maria-fix.sh | tail -n 3 > "/tmp/a b"; tail x',
      { refuse: [] },
    )
    expect(verbs).toEqual(['systemctl restart', 'other', 'tail'])
    expect(writes).toBe(true)
    expect(touched).toEqual({ changes: ['/tmp/a b'], calls: ['./maria-fix.sh'] })
    expect(commands.map(({ at, length, writes: changes }) => [at, length, changes])).toEqual([
      [1, 34, true],
      [39, 14, true],
      [56, 22, true],
      [80, 6, false],
    ])
  })

  it.each([
    ['ls | sort | uniq -c', false],
    ['systemctl status nginx', false],
    ['sudo systemctl status nginx', false],
    ['find / -name x', false],
    ['sed -n 5p x', false],
    ['sed -i s/a/b/ x', true],
    ['sort -o x x', true],
    ['awk \'{ print > "x" }\'', true],
    ['git log', false],
    ['git push', true],
    ['./unknown', true],
    ['$x', true],
    ['ls > x', true],
    ['ls > /dev/null 2>&1', false],
    ['bash', true],
  ])('%j writes: %j', (line, writes) => {
    expect(judgeCommand(line, { refuse: [] }).writes).toBe(writes)
  })

  it('the place in characters, not in units', () => {
    const [objection] = judgeCommand('echo 😀; reboot', { refuse: ['power'] }).objections
    expect(objection).toMatchObject({ rule: 'power', at: 9 })
  })

  it('the way out, and a name of a rule that this version does not know refuses everything', () => {
    const { objections } = judgeCommand('ls', { refuse: ['shelll'] })
    expect(objections).toEqual([
      expect.objectContaining({ rule: 'shelll', what: expect.stringContaining('does not know') }),
    ])
  })
})

describe('hostile command lines', () => {
  it('attack 13: a NUL and what no shell could be given are refused unread', () => {
    expect(rulesOf('ls\0; reboot')).toEqual(['unparsable'])
    expect(rulesOf(`echo ${'x'.repeat(131_072)}`)).toEqual(['too_complex'])
    expect(rulesOf(`echo ${'ä'.repeat(65_536)}`)).toEqual(['too_complex'])
  })

  it.each([
    '(',
    '$(',
    '$((',
    '`',
    '${',
    '"$(',
    '{ ',
    'if ',
    'case a in a) ',
    '<(',
    'a=(',
    'eval ',
    'nohup ',
    'a;',
    'a&',
    '<<a ',
    '[[ a ',
    'a[=',
    "$'",
    '\\\n',
    'a ',
    '>a ',
    'fn() ',
    '! ',
  ])('attack 13: 128 KiB of %j end in an answer', piece => {
    const line = piece.repeat(Math.floor(131_000 / piece.length))
    const { objections } = judgeCommand(line, { refuse: RULE_NAMES, host: { ...HOST, commands: ['a *'] } })
    expect(objections.length).toBeGreaterThan(0)
  })

  it('never throws, and what it tells is well formed, whatever the line', () => {
    const piece = fc.constantFrom(
      ...[
        'a',
        ' ',
        ' ',
        '\n',
        ';',
        '&',
        '|',
        '(',
        ')',
        '<',
        '>',
        '$',
        '`',
        '"',
        "'",
        '\\',
        '{',
        '}',
        '#',
        '=',
        '*',
        '[',
        ']',
        '!',
        '-c ',
        'sh ',
        'sudo ',
        'if ',
        'then ',
        'fi',
        'do ',
        'done',
        'case ',
        'esac',
        'in ',
        '<<E',
        'E\n',
        '$((',
        '))',
        '${',
        'x',
      ],
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), pieces => {
        const line = pieces.join('')
        const { objections, commands } = judgeCommand(line, {
          refuse: RULE_NAMES,
          host: { ...HOST, commands: ['a'] },
        })
        const characters = Array.from(line).length
        for (const { at, rule } of objections) {
          expect(Object.hasOwn(REFUSE_RULES, rule)).toBe(true)
          if (at !== undefined) expect(at).toBeLessThanOrEqual(characters + 1)
        }
        for (const { at, length } of commands) expect(at + length).toBeLessThanOrEqual(characters + 1)
      }),
      { numRuns: 3000 },
    )
  })
})
