"""psycopg2 through a grant: simple and prepared statements, a batch, COPY both ways, a refusal, a transaction."""
import io
import os

import psycopg2
from psycopg2.extras import execute_values

db = psycopg2.connect(sslmode="verify-full", sslrootcert=os.environ["PGSSLROOTCERT"])
db.autocommit = True
with db.cursor() as c:
    c.execute("select count(*) from orders where id <= %s", (100,))
    assert c.fetchone()[0] == 100
    c.execute("prepare one as select total from orders where id = $1")
    c.execute("execute one (42)")
    assert c.fetchone()[0] == 42
    try:
        c.execute("drop table orders")
        raise SystemExit("drop was not refused")
    except psycopg2.errors.InsufficientPrivilege as refused:
        assert refused.diag.message_hint, "the refusal names no way out"
    c.execute("select 1")
    execute_values(c, "insert into notes (body) values %s", [("note %d" % i,) for i in range(500)])
    c.copy_expert("copy notes (body) from stdin", io.StringIO("".join("copied %d\n" % i for i in range(5000))))
    out = io.StringIO()
    c.copy_expert("copy (select id from orders order by id) to stdout", out)
    assert out.getvalue().count("\n") == 5000
db.autocommit = False
with db.cursor() as c:
    c.execute("delete from notes where body like 'note %'")
    assert c.rowcount == 500
db.rollback()
with db.cursor(name="portal") as c:
    c.itersize = 50
    c.execute("select id from orders order by id")
    assert sum(1 for _ in c) == 5000
db.commit()
print("ok")
