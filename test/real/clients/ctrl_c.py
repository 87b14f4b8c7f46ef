"""psql on a terminal of its own: Ctrl-C ends the statement, the session goes on. Prints what the terminal showed."""
import os
import pty
import select
import sys
import time

pid, terminal = pty.fork()
if pid == 0:
    os.execvp("psql", ["psql", "-X", "-qAt", "-P", "pager=off"])

shown = b""


def until(text, seconds=10):
    global shown
    end = time.monotonic() + seconds
    while text not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            shown += os.read(terminal, 4096)
    if text not in shown:
        sys.exit("never showed %r: %r" % (text, shown))


until(b"=> ")
os.write(terminal, b"select pg_sleep(30);\n")
time.sleep(1)
os.write(terminal, b"\x03")
until(b"canceling statement due to user request")
os.write(terminal, b"select 'still ' || 'here';\n")
until(b"still here")
os.write(terminal, b"\\q\n")
os.waitpid(pid, 0)
print(shown.decode(errors="replace"))
