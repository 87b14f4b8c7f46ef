"""psycopg2: prints all it sees, so that two ways to one database can be compared line by line."""
import hashlib
import io
import select
import sys
import threading
import time

import psycopg2
import psycopg2.extras
from psycopg2.extensions import ISOLATION_LEVEL_SERIALIZABLE, POLL_OK, POLL_READ, POLL_WRITE


def show(*things, **how):
    print(*things, flush=True, **how)


def sha(value):
    return hashlib.sha256(bytes(value)).hexdigest()


def failing(cursor, sql, values=None):
    try:
        cursor.execute(sql, values)
        show("no error:", sql)
    except psycopg2.Error as error:
        show(type(error).__name__, error.pgcode, error.diag.message_primary, error.diag.message_hint)


def refused():
    db = psycopg2.connect("")
    db.autocommit = True
    with db.cursor() as c:
        failing(c, "drop table orders")
        failing(c, "delete from orders")
        c.execute("select count(*) from orders where id <= %s", (100,))
        show(c.fetchone())
    sys.exit()


def wait(db):
    while True:
        state = db.poll()
        if state == POLL_OK:
            return
        select.select([db] if state == POLL_READ else [], [db] if state == POLL_WRITE else [], [], 10)


def types(c):
    c.execute("create temp table t (i int, n numeric, s text, b bytea, w timestamptz, j jsonb, a int[], u uuid)")
    row = (7, "1.50", "zażółć 🙂 '\\", bytes(range(256)), "2024-02-29 12:00+00", psycopg2.extras.Json({"k": [1, None]}))
    c.execute("insert into t values (%s, %s, %s, %s, %s, %s, %s, null)", (*row, [1, 2, 3]))
    c.execute("select * from t")
    i, n, s, b, w, j, a, u = c.fetchone()
    show(i, n, s, sha(b), w, j, a, u, [(d.name, d.type_code) for d in c.description])


def statements(c):
    c.execute("prepare one as select total from orders where id = $1")
    for i in range(COUNT):
        c.execute("execute one (%s)", (i + 1,))
        show(c.fetchone()[0], end=" ")
    show()
    psycopg2.extras.execute_values(c, "insert into t (i) values %s", [(i,) for i in range(2000)])
    psycopg2.extras.execute_batch(c, "insert into t (i) values (%s)", [(i,) for i in range(COUNT)])
    c.execute("select count(*), sum(i) from t")
    show(c.fetchone())
    failing(c, "select 1/0")
    failing(c, "select * from no_such_table")
    c.execute("select %s; select %s", (1, 2))
    show("last of several:", c.fetchall())


def copies(c):
    c.copy_expert("copy t (i, s) from stdin csv", io.StringIO("".join("%d,copied\n" % i for i in range(20000))))
    show("copied", c.rowcount)
    out = io.BytesIO()
    c.copy_expert("copy (select i, s from t order by i, s) to stdout (format binary)", out)
    show(len(out.getvalue()), sha(out.getvalue()))
    c.execute("create temp table back (i int, s text)")
    out.seek(0)
    c.copy_expert("copy back from stdin (format binary)", out)
    show("back", c.rowcount)
    try:
        c.copy_expert("copy back from stdin", io.StringIO("1\tgood\nbad\tline\n"))
    except psycopg2.Error as error:
        show(error.pgcode, error.diag.message_primary, error.diag.context)


def notices(db, c):
    c.execute("do $$ begin for i in 1..5 loop raise notice 'notice %', i; end loop; raise warning 'end'; end $$")
    show([text.strip() for text in db.notices])


def transactions(db):
    db.autocommit = False
    with db.cursor() as c:
        c.execute("select 1")
        failing(c, "select 1/0")
        failing(c, "select 1")
    db.rollback()
    with db.cursor(name="one") as one, db.cursor(name="two", scrollable=True) as two, db.cursor("kept", withhold=True) as kept:
        one.itersize = 500
        one.execute("select id from orders order by id")
        two.execute("select id from orders order by id desc")
        kept.execute("select id from orders where id <= 1000 order by id")
        mixed = [one.fetchmany(3), two.fetchmany(2), one.fetchmany(2), two.fetchone()]
        two.scroll(-2)
        show(mixed, two.fetchone(), sum(1 for _ in one))
        one.close()
        two.close()
        db.commit()
        show("held", kept.fetchmany(3), len(kept.fetchall()))
    db.commit()
    db.set_session(isolation_level=ISOLATION_LEVEL_SERIALIZABLE, readonly=True)
    with db.cursor() as c:
        failing(c, "insert into notes (body) values ('x')")
    db.rollback()
    db.set_session(isolation_level="DEFAULT", readonly=False, autocommit=True)


def interrupts(db, c):
    c.execute("set statement_timeout = 200")
    failing(c, "select pg_sleep(20)")
    c.execute("reset statement_timeout")
    threading.Timer(0.5, db.cancel).start()
    failing(c, "select pg_sleep(20)")
    threading.Timer(0.3, db.cancel).start()
    sink = io.StringIO()
    try:
        c.copy_expert("copy (select i, pg_sleep(0.001) from generate_series(1, 30000) i) to stdout", sink)
        show("no error")
    except psycopg2.Error as error:
        show(error.pgcode, error.diag.message_primary)
    c.execute("select 'alive'")
    show(c.fetchone())


def notifications(db, c):
    c.execute("listen things")
    other = psycopg2.connect("")
    other.autocommit = True
    with other.cursor() as o:
        for i in range(3):
            o.execute("select pg_notify('things', %s)", ("%d" % i,))
    other.close()
    end = time.monotonic() + 10
    got = []
    while len(got) < 3 and time.monotonic() < end:
        if select.select([db], [], [], 1)[0]:
            db.poll()
            got += [n.payload for n in db.notifies]
            db.notifies.clear()
    show("idle session heard", got)


def asynchronously():
    db = psycopg2.connect("", async_=True)
    wait(db)
    with db.cursor() as c:
        c.execute("select pg_sleep(0.1), 42")
        wait(db)
        show("async", c.fetchone()[1])
        try:
            c.execute("select 1/0")
            wait(db)
        except psycopg2.Error as error:
            show("async", error.pgcode)
    db.close()


def large(c, out):
    # It writes values into the statement: what is longer than a text may be goes in by COPY (docs/CLIENTS.md).
    c.execute("select %s::bytea", (psycopg2.Binary(b"\x00\xff" * 250_000),))
    show("in", sha(c.fetchone()[0]))
    c.execute("create temp table large (b bytea)")
    c.copy_expert("copy large from stdin", io.StringIO("\\\\x" + "00ff" * (out >> 2) + "\n"))
    c.execute("select length(b) from large")
    show("copied in", c.fetchone())
    c.execute("select decode(repeat('00ff', %s), 'hex')", (out >> 1,))
    show("out", sha(c.fetchone()[0]))
    failing(c, "select '%s', no_such_column" % ("x" * 1_000_000))


if sys.argv[1] == "refused":
    refused()
# Bytes of the largest value, and how many statements where many are wanted.
SIZE, COUNT = map(int, sys.argv[1:3])
db = psycopg2.connect("", application_name="psycopg2")
db.autocommit = True
with db.cursor() as c:
    types(c)
    statements(c)
    copies(c)
    notices(db, c)
    interrupts(db, c)
    notifications(db, c)
    large(c, SIZE)
transactions(db)
asynchronously()
