import { LOGIN_VARIABLE } from '../dial/login-variable.ts'

/** How long the script tries before it says what is left. */
export const TERMINATE_S = 12

/**
 * A POSIX shell script for the account (dash, bash, busybox): ends everything that belongs to the given logins and looks until it has
 * seen nothing twice. It needs /proc, grep, tr, sed and awk; no ps, no systemd, no rights but the account's. Arguments: a mark that
 * begins each line of the answer, then logins. Answers `MARK ended LOGIN COUNT` for each, `MARK left LOGIN PID COMMAND` for what does
 * not end, then `MARK done`; `MARK no-proc` alone where there is no /proc. An answer without its last line means nothing was verified.
 *
 * What belongs to a login: processes that began with its variable, the sshd process that serves their connection, and with any of
 * these what descends from them, what shares their session (setsid), what shares their systemd session scope. Never the script itself,
 * its ancestors, or what is in its own session. Processes are remembered by number and start time, so that what loses its parent
 * while this goes on is still known and a number used anew is not mistaken.
 *
 * All are stopped first, until a look finds no new one: what is stopped forks no more. Then they are killed.
 */
export const TERMINATE_SCRIPT = String.raw`
PATH=/usr/bin:/bin:/usr/sbin:/sbin
LC_ALL=C
mark=$1
shift
BREAKGLASS_LOOK=$mark
export PATH LC_ALL BREAKGLASS_LOOK
unset ENV GREP_OPTIONS POSIXLY_CORRECT
if [ ! -r "/proc/$$/stat" ]; then echo "$mark no-proc"; exit 0; fi
wanted="-e BREAKGLASS_LOOK=$mark"
for login; do wanted="$wanted -e ${LOGIN_VARIABLE}=$login"; done

# Lines "PID==LOGIN", and "look" for grep's own environment: without it grep has not looked. A whole variable must be equal: with
# -z in one call, else one by one for those that have it as a part.
if printf 'a\0' | grep -zqxF a 2>/dev/null; then
  begun() {
    grep -asHzxF $wanted /proc/self/environ /proc/[0-9]*/environ | tr '\0' '\n' |
      sed -n -e 's|^/proc/self/environ:BREAKGLASS_LOOK=.*|look|p' -e 's|^/proc/\([0-9]*\)/environ:${LOGIN_VARIABLE}=|\1==|p'
  }
else
  begun() {
    grep -slF $wanted /proc/self/environ /proc/[0-9]*/environ | while IFS= read -r file; do
      pid=${'$'}{file#/proc/}
      pid=${'$'}{pid%/environ}
      [ "$pid" != self ] || echo look
      { tr '\0' '\n' <"$file" | grep -xF $wanted | sed -n "s|^${LOGIN_VARIABLE}=|$pid==|p"; } 2>/dev/null
    done
  }
fi

# Reads "PID=START=LOGIN" of what is known to begin with (no start: just found), then /proc/PID of all there is. Writes lines
# "PID START LOGIN COMMAND AGE" of all that belong and live, then "end"; AGE is old for what was known with its start.
belonging() {
  awk -v self=$$ '
    function claim(pid, login) {
      owner[pid] = login
      changed = 1
      if (serves[pid]) return
      if (session[pid] != session[self] && session[pid] > 1) ofSession[session[pid]] = login
      if (scope[pid] != "" && scope[pid] != scope[self]) ofScope[scope[pid]] = login
    }
    # A session is theirs when its leader is, or is gone: somebody else may have started them from his own.
    function bySession(leader) { return (leader in ofSession) && ((leader in owner) || !(leader in parent)) }
    function byScope(name) { return name != "" && (name in ofScope) && !(name in foreign) }
    /=/ { known[++count] = $0; next }
    /^\/proc\// {
      pid = substr($0, 7)
      text = ""
      while ((getline line < ($0 "/stat")) > 0) text = text line " "
      close($0 "/stat")
      if (text == "") next
      # The name in parentheses may hold anything but is the only field that can hold a parenthesis.
      fields = text
      sub(/^.*\) /, "", fields)
      split(fields, field, " ")
      if (field[1] ~ /[ZXx]/) next
      name = substr(text, index(text, "(") + 1)
      sub(/\).*$/, "", name)
      gsub(/[^A-Za-z0-9_.:-]/, "?", name)
      command[pid] = name
      serves[pid] = name ~ /^sshd(-session)?$/
      parent[pid] = field[2]
      session[pid] = field[4]
      start[pid] = field[20]
      scope[pid] = ""
      while ((getline line < ($0 "/cgroup")) > 0) if (line ~ /\/session-[^\/]*\.scope/) scope[pid] = line
      close($0 "/cgroup")
    }
    END {
      for (pid = self; pid > 1 && !(pid in mine); pid = parent[pid]) mine[pid] = 1
      for (pid in parent) if (session[pid] == session[self]) mine[pid] = 1
      mine[1] = 1
      for (i = 1; i <= count; i++) {
        split(known[i], part, "=")
        pid = part[1]
        if (!(pid in parent) || (pid in mine) || (part[2] != "" && part[2] != start[pid])) continue
        if (part[2] != "") old[pid] = 1
        claim(pid, part[3])
        above = parent[pid]
        if (!serves[above] || !serves[parent[above]] || (above in mine)) continue
        watched[parent[above]] = 1
        if (!(above in owner)) claim(above, part[3])
      }
      # A scope in which sshd serves somebody else is not theirs either.
      for (pid in parent) if (serves[pid] && !(pid in owner) && !(pid in watched)) foreign[scope[pid]] = 1
      while (changed) {
        changed = 0
        for (pid in parent) {
          if ((pid in owner) || (pid in mine)) continue
          if (parent[pid] in owner) claim(pid, owner[parent[pid]])
          else if (bySession(session[pid])) claim(pid, ofSession[session[pid]])
          else if (byScope(scope[pid])) claim(pid, ofScope[scope[pid]])
        }
      }
      for (pid in owner) print pid, start[pid], owner[pid], command[pid], ((pid in old) ? "old" : "new")
      if (self in parent) print "end"
    }'
}

known= quiet=0 foreign=0
deadline=$(($(date +%s) + ${TERMINATE_S}))
while :; do
  looked=
  found=$(begun)
  case $found in *look*) looked=$(printf '%s\n' "$known" "$found" /proc/[0-9]* | belonging) ;; esac
  fresh= all= end=
  while read -r pid start login command age; do
    case $pid in '') continue ;; end) end=1; continue ;; esac
    all="$all $pid"
    [ "$age" = new ] || continue
    fresh="$fresh $pid"
    known="$known
$pid=$start=$login"
  done <<LOOKED
$looked
LOOKED
  [ "$(date +%s)" -lt $deadline ] || { kill -KILL $all 2>/dev/null; break; }
  if [ -z "$end" ]; then
    quiet=0
  elif [ -n "$fresh" ]; then
    quiet=0
    kill -STOP $fresh 2>/dev/null
    continue
  elif [ -n "$all" ]; then
    quiet=0
    kill -KILL $all 2>/dev/null
    ours=
    for pid in $all; do if kill -0 $pid 2>/dev/null; then ours=1; fi; done
    # What is another user's goes when its terminal does, or not by us.
    [ -n "$ours" ] || foreign=$((foreign + 1))
    [ $foreign -lt 40 ] || break
  else
    quiet=$((quiet + 1))
    [ $quiet -lt 2 ] || break
  fi
  sleep 0.05 2>/dev/null || sleep 1
done
for login; do echo "$mark ended $login $(printf '%s\n' "$known" | grep -c "=$login\$")"; done
[ -n "$end" ] || exit 1
printf '%s\n' "$looked" | while read -r pid start login command age; do
  [ -z "$login" ] || echo "$mark left $login $pid $command"
done
echo "$mark done"
`
