import { Argument } from 'commander'
import { Fault } from '../../kernel/faults.ts'
import type { Call, CommandName, Define } from '../call.ts'
import { completedNames, NAMED_COMMANDS } from '../completed-names.ts'
import { plain } from '../terminal.ts'

export const completion: Define = (command, run) => {
  command
    .addArgument(new Argument('[shell]', 'whose script is printed').choices(['bash', 'zsh', 'fish']))
    .option('--after <command>', 'instead: the names that may follow a command, as the scripts ask for them')
    .addHelpText(
      'after',
      '\nExamples:\n  source <(breakglass completion bash)\n  breakglass completion zsh > "${fpath[1]}/_breakglass"\n  breakglass completion fish > ~/.config/fish/completions/breakglass.fish',
    )
    .action(run(printCompletion))
}

async function printCompletion(
  call: Call,
  shell: string | undefined,
  { after }: { readonly after?: string },
): Promise<void> {
  if (after !== undefined) {
    const names = NAMED_COMMANDS.includes(after) ? await completedNames(call.client(), after) : []
    return call.answer({ names }, () => names.map(({ name, what }) => `${name}\t${plain(what)}`))
  }
  if (shell === undefined)
    throw new Fault('input.invalid', 'For which shell?', { next: 'Name it: bash, zsh or fish.' })
  const nodes = tree(call.commands)
  const script = shell === 'fish' ? fish(nodes) : shell === 'zsh' ? zsh(nodes) : bash(nodes)
  call.answer({ shell, script }, () => [script])
}

interface Node {
  readonly word: string
  readonly summary: string
  readonly subs: readonly { readonly word: string; readonly summary: string }[]
}

function tree(commands: readonly CommandName[]): readonly Node[] {
  const firsts = [...new Set(commands.map(({ words }) => words.split(' ')[0] ?? ''))]
  return firsts.map(word => ({
    word,
    summary: commands.find(({ words }) => words === word)?.summary ?? `${word} …`,
    subs: commands
      .filter(({ words }) => words.startsWith(`${word} `))
      .map(({ words, summary }) => ({
        word: words.slice(word.length + 1),
        summary,
      })),
  }))
}

function bash(nodes: readonly Node[]): string {
  const cases = nodes
    .filter(({ subs }) => subs.length > 0)
    .map(({ word, subs }) => `    ${word}) words="${subs.map(sub => sub.word).join(' ')}" ;;`)
  return `_breakglass() {
  local words="" current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[*]:1:COMP_CWORD-1}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${nodes.map(({ word }) => word).join(' ')}"
  elif [ "$COMP_CWORD" -eq 2 ]; then
    case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    esac
  fi
  case "$before" in
    ${NAMED_COMMANDS.map(words => `'${words}'`).join('|')})
      words="$words $(breakglass completion --after "$before" 2>/dev/null | cut -f1)" ;;
  esac
  case "$current" in -*) words="--json --url --help" ;; esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _breakglass breakglass`
}

function zsh(nodes: readonly Node[]): string {
  const described = (list: readonly { word: string; summary: string }[]): string =>
    list
      .map(
        ({ word, summary }) =>
          `'${word}:${summary.replaceAll("'", `'\\''`).replaceAll(':', String.raw`\:`)}'`,
      )
      .join(' ')
  const cases = nodes
    .filter(({ subs }) => subs.length > 0)
    .map(({ word, subs }) => `    ${word}) names=(${described(subs)}) ;;`)
  return `#compdef breakglass
_breakglass() {
  local -a names
  if (( CURRENT == 2 )); then
    names=(${described(nodes)})
  elif (( CURRENT == 3 )); then
    case $words[2] in
${cases.join('\n')}
    esac
  fi
  local before="\${(j: :)words[2,CURRENT-1]}"
  case $before in
    ${NAMED_COMMANDS.map(words => `'${words}'`).join('|')})
      names+=(\${(f)"$(breakglass completion --after "$before" 2>/dev/null | tr '\\t' ':')"}) ;;
  esac
  if (( $#names )); then _describe command names; else _files; fi
}
# Found in fpath it is loaded by the first Tab, which it has to answer as well.
if [[ $funcstack[1] == _breakglass ]]; then _breakglass "$@"; else compdef _breakglass breakglass; fi`
}

function fish(nodes: readonly Node[]): string {
  const quoted = (text: string): string =>
    `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`
  const after = (words: string, what: string): string =>
    `complete -c breakglass -f -n '__breakglass_after "${words}"' -a ${what}`
  return [
    '# What stands between the program and the cursor.',
    'function __breakglass_after',
    '  set -l words (commandline -opc)',
    '  test "$words[2..]" = "$argv[1]"',
    'end',
    ...nodes.flatMap(({ word, summary, subs }) => [
      after('', `${word} -d ${quoted(summary)}`),
      ...subs.map(sub => after(word, `${sub.word} -d ${quoted(sub.summary)}`)),
    ]),
    ...NAMED_COMMANDS.map(words => after(words, `'(breakglass completion --after "${words}" 2>/dev/null)'`)),
  ].join('\n')
}
