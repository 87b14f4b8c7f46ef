"""psycopg 3: libpq's pipeline mode, binary both ways, prepared statements. Prints all it sees."""
import asyncio
import hashlib
import sys
import threading

import psycopg
from psycopg.types.json import Jsonb


def show(*things, **how):
    print(*things, flush=True, **how)


def sha(value):
    return hashlib.sha256(bytes(value)).hexdigest()


def failing(db, sql, values=None, **options):
    try:
        db.execute(sql, values, **options)
        show("no error:", sql)
    except psycopg.Error as error:
        show(type(error).__name__, error.sqlstate, error.diag.message_primary, error.diag.message_hint)


def refused():
    with psycopg.connect("", autocommit=True) as db:
        failing(db, "drop table orders")
        failing(db, "delete from orders", prepare=True)
        failing(db, "select %b", (bytes(17 << 20),))
        try:
            with db.pipeline():
                before = db.execute("select 'before'")
                db.execute("drop table orders")
                db.execute("select 'after'")
        except psycopg.Error as error:
            show("pipeline", error.sqlstate, error.diag.message_primary)
        show(before.fetchone())
        show(db.execute("select count(*) from orders where id <= %s", (100,)).fetchone())
    sys.exit()


def types(db):
    db.execute("create temp table t (i int, n numeric, s text, b bytea, w timestamptz, j jsonb, a int[])")
    for binary in (False, True):
        with db.cursor(binary=binary) as c:
            values = (7, 1.5, "zażółć 🙂", bytes(range(256)), "2024-02-29 12:00+00", Jsonb({"k": [1, None]}), [1, 2, 3])
            c.execute("insert into t values (%s, %s, %s, %b, %s, %s, %b) returning *", values)
            i, n, s, b, w, j, a = c.fetchone()
            show(binary, i, n, s, sha(b), w, j, a, [(d.name, d.type_code) for d in c.description])


def prepared(db):
    for i in range(10):
        show(db.execute("select total from orders where id = %s", (i,), prepare=True).fetchone(), end=" ")
    show()
    with db.cursor() as c:
        c.executemany("insert into t (i, s) values (%s, %s)", [(i, "many") for i in range(COUNT)])
        show("many", c.rowcount)
        c.executemany("select i from t where i = %s and s = 'many'", [(1,), (2,)], returning=True)
        show(c.fetchall(), c.nextset(), c.fetchall())
    # One plan per text: more than a server keeps without asking, all at once.
    db.prepare_threshold = 0
    db.prepared_max = COUNT + 10
    show("prepared", sum(db.execute("select %d + %%s" % i, (i,)).fetchone()[0] for i in range(COUNT)))
    show(db.execute("select count(*) from pg_prepared_statements").fetchone())
    db.prepare_threshold = 5


def pipelines(db):
    with db.pipeline():
        cursors = [db.execute("select %s::int", (i,)) for i in range(COUNT)]
    show("pipelined", sum(c.fetchone()[0] for c in cursors))
    try:
        with db.pipeline() as p:
            db.execute("insert into t (i, s) values (-1, 'rolled back') returning i")
            p.sync()
            db.execute("insert into t (i, s) values (-2, 'rolled back') returning i")
            db.execute("select 1/0")
            db.execute("insert into t (i, s) values (-3, 'never')")
    except psycopg.Error as error:
        show(error.sqlstate, error.diag.message_primary)
    show(db.execute("select i from t where i < 0 order by i desc").fetchall())


def copies(db):
    with db.cursor() as c:
        with c.copy("copy t (i, s) from stdin (format binary)") as copy:
            copy.set_types(["int4", "text"])
            for i in range(5000):
                copy.write_row((i, "row %d" % i))
        show("copied", c.rowcount)
        with c.copy("copy (select i, s from t where s like 'row %' order by i) to stdout (format binary)") as copy:
            copy.set_types(["int4", "text"])
            show(hashlib.sha256(repr(list(copy.rows())).encode()).hexdigest())
        try:
            with c.copy("copy t from stdin") as copy:
                copy.write("1")
                raise KeyError("the client thinks better of it")
        except psycopg.Error as error:
            show(error.sqlstate, db.info.transaction_status, db.execute("select 'alive'").fetchone())


def cursors(db):
    with db.transaction(), db.cursor("one", binary=True) as one, db.cursor("two", scrollable=True) as two:
        one.execute("select id, total from orders order by id")
        two.execute("select id from orders order by id desc")
        show(one.fetchmany(2), two.fetchmany(2), one.fetchmany(2), two.fetchone(), sum(1 for _ in one))
    try:
        with db.transaction():
            db.execute("insert into t (i) values (-10)")
            with db.transaction(force_rollback=True):
                db.execute("insert into t (i) values (-11)")
            failing(db, "select 1/0")
    except psycopg.Error as error:
        show(error.sqlstate)
    show(db.execute("select count(*) from t where i <= -10").fetchone())


def interrupts(db):
    threading.Timer(0.3, db.cancel).start()
    failing(db, "select pg_sleep(20)")
    show(db.execute("select 'alive'").fetchone())


def notices(db):
    said = []
    db.add_notice_handler(lambda d: said.append((d.severity, d.message_primary)))
    db.execute("do $$ begin raise notice 'one'; raise warning 'two'; end $$")
    show(said)


def notifications(db):
    db.execute("listen things")
    with psycopg.connect("", autocommit=True) as other:
        for i in range(3):
            other.execute("select pg_notify('things', %s)", (str(i),))
    got = []
    for note in db.notifies():
        got.append(note.payload)
        if len(got) == 3:
            break
    show("heard", got)


def large(db, size):
    show("in", sha(db.execute("select %b", (b"\x00\xff" * (SIZE >> 3),)).fetchone()[0]))
    with db.cursor(binary=True) as c:
        c.execute("select decode(repeat('00ff', %s), 'hex')", (size >> 1,))
        show("out", sha(c.fetchone()[0]))


async def asynchronously():
    async with await psycopg.AsyncConnection.connect("") as db:
        async with db.pipeline():
            cursors = [await db.execute("select %s::int, pg_sleep(0.01)", (i,)) for i in range(5)]
        show([(await c.fetchone())[0] for c in cursors])


if sys.argv[1] == "refused":
    refused()
# Bytes of the largest value, and how many statements where many are wanted.
SIZE, COUNT = map(int, sys.argv[1:3])
with psycopg.connect("", autocommit=True) as db:
    types(db)
    prepared(db)
    pipelines(db)
    copies(db)
    cursors(db)
    interrupts(db)
    notices(db)
    notifications(db)
    large(db, SIZE)
asyncio.run(asynchronously())
