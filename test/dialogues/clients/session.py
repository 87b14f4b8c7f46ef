"""What psycopg2 says: simple protocol, batch, COPY both ways, named cursor, large objects by the fast path, notifications."""
import io
import os

import psycopg2
from psycopg2.extras import execute_values

db = psycopg2.connect("")
with db.cursor() as c:
    c.execute("select id, customer, total, photo from orders where id <= %s", (12,))
    assert len(c.fetchall()) == 12
    execute_values(c, "insert into notes (body) values %s", [("note %d" % i,) for i in range(120)])
    c.copy_expert("copy notes (body) from stdin", io.StringIO("".join("copied %d\n" % i for i in range(900))), size=512)
    c.copy_expert("copy orders to stdout (format binary)", io.BytesIO())
    try:
        c.copy_expert("copy orders (id) from stdin", io.StringIO("1\nnot a number\n"))
    except psycopg2.Error:
        pass
db.rollback()
with db.cursor(name="portal") as c:
    c.itersize = 9
    c.execute("select id, customer from orders order by id")
    assert sum(1 for _ in c) == 60
large = db.lobject(0, "wb")
large.write(os.urandom(0) + bytes(range(256)) * 40)
large.seek(100)
large.close()
again = db.lobject(large.oid, "rb")
assert len(again.read()) == 10240
again.close()
db.lobject(large.oid).unlink()
db.commit()
db.close()
