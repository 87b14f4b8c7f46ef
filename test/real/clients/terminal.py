"""psql on a terminal of its own: Ctrl-C ends a statement, a \\watch and a COPY, and not the session. Prints what it showed."""
import os
import pty
import select
import sys
import time

pid, terminal = pty.fork()
if pid == 0:
    os.execvp("psql", ["psql", "-X", "-qAt", "-P", "pager=off"])

shown = b""
seen = 0


def until(text, seconds=20):
    """Waits for it behind what was waited for last."""
    global shown, seen
    end = time.monotonic() + seconds
    while shown.find(text, seen) < 0:
        if time.monotonic() > end:
            sys.exit("never showed %r: %r" % (text, shown))
        if select.select([terminal], [], [], 0.1)[0]:
            shown += os.read(terminal, 4096)
    seen = shown.find(text, seen) + len(text)


def type_in(text):
    os.write(terminal, text)


until(b"=> ")
type_in(b"select 'begun'; select pg_sleep(30);\n")
until(b"begun\r\n")
time.sleep(0.5)
type_in(b"\x03")
until(b"canceling statement due to user request")
until(b"=> ")
type_in(b"select 'again ' || 'and' \\watch 0.2\n")
until(b"again and\r\n")
until(b"again and\r\n")
type_in(b"\x03")
until(b"=> ")
type_in(b"copy (select 'row ' || i, pg_sleep(0.0005) from generate_series(1, 1000000) i) to stdout;\n")
until(b"row 9")
type_in(b"\x03")
until(b"canceling statement due to user request")
until(b"=> ")
type_in(b"select 'still ' || 'here';\n")
until(b"still here\r\n")
type_in(b"\\q\n")
os.waitpid(pid, 0)
print(shown.decode(errors="replace"))
