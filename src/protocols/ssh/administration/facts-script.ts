import { LOGIN_VARIABLE } from '../dial/login-variable.ts'

/**
 * What a session of the account finds, as lines `MARK NAME VALUE`; POSIX shell, changes nothing. The only argument is the mark.
 */
export const FACTS_SCRIPT = String.raw`
say() { echo "$mark $1 $2"; }
mark=$1
say account "$(id -un)"
say uid "$(id -u)"
say clock "$(date +%s)"
say login "${'$'}{${LOGIN_VARIABLE}-}"
PATH=/usr/bin:/bin:/usr/sbin:/sbin
missing=
for tool in grep tr sed awk sleep date; do command -v $tool >/dev/null || missing="$missing $tool"; done
say missing "$missing"
if tr '\0' '\n' 2>/dev/null <"/proc/$$/environ" | grep -q "^${LOGIN_VARIABLE}="; then say environ yes; else say environ no; fi
if [ -r /proc/self/cgroup ] && grep -q '/session-[^/]*\.scope' /proc/self/cgroup; then say scope yes; else say scope no; fi
if sudo -n true </dev/null >/dev/null 2>&1; then say sudo all; elif sudo -n -l </dev/null >/dev/null 2>&1; then say sudo some; fi
if [ -s "$HOME/.ssh/authorized_keys" ]; then say keys yes; else say keys no; fi
say done ''
`

export type Facts = ReadonlyMap<string, string>

/** Undefined when the script did not come to its end. */
export function readFacts(answer: string, mark: string): Facts | undefined {
  const facts = new Map<string, string>()
  for (const line of answer.split('\n')) {
    const [first, name = '', ...value] = line.split(' ')
    if (first === mark) facts.set(name, value.join(' ').trim())
  }
  return facts.has('done') ? facts : undefined
}
