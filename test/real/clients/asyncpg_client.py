"""asyncpg: binary everywhere, prepared statements, portals with limits. Prints all it sees."""
import asyncio
import hashlib
import io
import os
import ssl
import sys
from datetime import datetime, timezone

import asyncpg


def show(*things):
    print(*things, flush=True)


def sha(value):
    return hashlib.sha256(bytes(value)).hexdigest()


async def connect(**more):
    secure = ssl.create_default_context(cafile=os.environ["PGSSLROOTCERT"])
    # It reads PGSSLMODE, but finds its authority only in a context or in ~/.postgresql.
    return await asyncpg.connect(ssl=secure, **more)


async def failing(work):
    try:
        await work
        show("no error")
    except asyncpg.PostgresError as error:
        show(type(error).__name__, error.sqlstate, error.message, error.hint)


async def refused():
    db = await connect()
    await failing(db.execute("drop table orders"))
    await failing(db.fetch("delete from orders where true or id = $1", 1))
    show(await db.fetchval("select count(*) from orders where id <= $1", 100))
    await db.close()


async def types(db):
    await db.execute("create temp table t (i int, n numeric, s text, b bytea, w timestamptz, j jsonb, a int[], r int4range)")
    await db.execute(
        "insert into t values ($1, $2, $3, $4, $8, $5, $6, $7)",
        7, 1.5, "zażółć 🙂", bytes(range(256)), '{"k": [1, null]}', [1, 2, 3], asyncpg.Range(1, 5), datetime(2024, 2, 29, tzinfo=timezone.utc),
    )
    row = await db.fetchrow("select * from t")
    show([sha(v) if isinstance(v, bytes) else v for v in row.values()], list(row.keys()))
    # Unknown types are looked up by a large query of its own.
    await db.execute("create type pair as (a int, b text)")
    try:
        show(await db.fetchval("select row(1, 'two')::pair"), await db.fetchval("select array[row(1, 'x')::pair]"))
    finally:
        await db.execute("drop type pair")


async def prepared(db):
    statement = await db.prepare("select total from orders where id = $1")
    show([await statement.fetchval(i) for i in range(1, 11)], statement.get_parameters(), statement.get_attributes())
    await db.executemany("insert into t (i, s) values ($1, $2)", [(i, "many") for i in range(3000)])
    show(await db.fetchval("select count(*) from t"))
    await failing(db.executemany("insert into orders values ($1, 'x', 0)", [(9001,), (9002,), (1,)]))
    show(await db.fetchval("select count(*) from orders where id > 9000"))
    await failing(db.fetch("select * from no_such_table"))
    await failing(db.fetch("select 1/$1", 0))
    # A cached statement outlives the table it was made for: the server says so, asyncpg prepares anew.
    await db.fetch("select * from t limit 1")
    await db.execute("alter table t add column late int")
    await failing(db.fetch("select * from t where i = $1 limit 1", 7))


async def cursors(db):
    async with db.transaction(isolation="serializable"):
        one = await db.cursor("select id from orders order by id")
        two = await db.cursor("select id from orders where id > $1 order by id desc", 10)
        show(await one.fetch(3), await two.fetch(2), await one.fetch(2), await two.fetchrow(), await one.forward(100), await one.fetchrow())
        total = 0
        async for row in db.cursor("select id from orders", prefetch=70):
            total += row[0]
        show(total)
    try:
        async with db.transaction():
            await db.execute("insert into t (i) values (-1)")
            async with db.transaction():
                await db.execute("insert into t (i) values (1/0)")
    except asyncpg.PostgresError as error:
        show(error.sqlstate, await db.fetchval("select count(*) from t where i = -1"))


async def copies(db):
    await db.copy_records_to_table("t", records=[(i, "c%d" % i) for i in range(5000)], columns=["i", "s"])
    out = io.BytesIO()
    show(await db.copy_from_query("select i, s from t where s like $1 order by i", "c%", output=out, format="binary"))
    show(sha(out.getvalue()))
    out.seek(0)
    show(await db.copy_to_table("t", source=out, columns=["i", "s"], format="binary"))
    await failing(db.copy_to_table("t", source=io.BytesIO(b"x\n"), columns=["i"], format="csv"))


async def interrupts(db):
    try:
        await db.fetch("select pg_sleep(20)", timeout=0.3)
    except asyncio.TimeoutError:
        show("timed out, and then", await db.fetchval("select 'alive'"))
    await db.execute("set statement_timeout = 100")
    await failing(db.fetch("select pg_sleep(20)"))
    await db.reset()
    show(await db.fetchval("show statement_timeout"))


async def notifications(db):
    heard = asyncio.Queue()
    await db.add_listener("things", lambda _c, _pid, channel, payload: heard.put_nowait((channel, payload)))
    notices = []
    db.add_log_listener(lambda _c, message: notices.append((message.severity, message.message)))
    other = await connect()
    for i in range(3):
        await other.execute("select pg_notify('things', $1)", str(i))
    await other.close()
    show([await asyncio.wait_for(heard.get(), 10) for _ in range(3)])
    await db.execute("do $$ begin raise notice 'one'; raise warning 'two'; end $$")
    await asyncio.sleep(0)
    show(notices)


async def pool(count):
    secure = ssl.create_default_context(cafile=os.environ["PGSSLROOTCERT"])
    async with asyncpg.create_pool(ssl=secure, min_size=3, max_size=3) as p:
        show(sum(await asyncio.gather(*(p.fetchval("select $1::int", i) for i in range(count)))))


async def main():
    if sys.argv[1] == "refused":
        return await refused()
    # Bytes of the largest value, and how many statements where many are wanted.
    size, count = map(int, sys.argv[1:3])
    db = await connect(server_settings={"application_name": "asyncpg", "jit": "off"})
    await types(db)
    await prepared(db)
    await cursors(db)
    await copies(db)
    await interrupts(db)
    await notifications(db)
    show("in", sha(await db.fetchval("select $1::bytea", b"\x00\xff" * (size >> 3))))
    show("out", sha(await db.fetchval("select decode(repeat('00ff', $1), 'hex')", size >> 1)))
    await db.close()
    await pool(count)


asyncio.run(main())
