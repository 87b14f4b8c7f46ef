-- What psql can do, in one script; run both ways, its output must be the same (psql.ts).
\set ON_ERROR_STOP off
create table psql_t (id int primary key, name text not null default 'x', data bytea);
comment on table psql_t is 'things';
insert into psql_t select i, 'n' || i, decode(md5(i::text), 'hex') from generate_series(1, 300) i;
select count(*) as n, max(id) as m from psql_t \gset got_
\echo :got_n :got_m
select format('insert into psql_t (id) values (%s)', i) from generate_series(1001, 1003) i \gexec
select id % 3 as r, id % 2 as c, count(*) from psql_t group by 1, 2 order by 1, 2 \crosstabview r c count
\d+ psql_t
\dt+ psql_t
\di psql_t*
\dn
\df pg_catalog.lower
\dp psql_t
\du orders_owner
\l orders
\dT+ int4
\dv
\ds
\sf lower(text)
\dconfig work_mem
\encoding
select 1 as a \gdesc
\set FETCH_COUNT 40
select id, name, data from psql_t where id < 400 order by id;
\unset FETCH_COUNT
\set ON_ERROR_ROLLBACK on
begin;
insert into psql_t values (5000, 'kept');
insert into psql_t values (1, 'twice');
select no_such_column from psql_t;
insert into psql_t values (5001, 'kept too');
commit;
select id, name from psql_t where id >= 5000 order by id;
\set ON_ERROR_ROLLBACK off
\copy psql_t to 'out.csv' with (format csv, header)
\copy psql_t to 'out.bin' with (format binary)
delete from psql_t where true;
\copy psql_t from 'out.bin' with (format binary)
select count(*), md5(string_agg(id || name || coalesce(data::text, ''), ',' order by id)) from psql_t;
truncate psql_t;
\copy psql_t from 'out.csv' with (format csv, header)
select count(*), md5(string_agg(id || name || coalesce(data::text, ''), ',' order by id)) from psql_t;
\copy psql_t from program 'echo 77,seven,' csv
\copy psql_t from program 'echo 77,again,' csv
\copy (select 1/0) to stdout
\copy (select generate_series(1,3)) to pstdout
copy (values (1, 'a'), (2, null)) to stdout;
do $$ begin raise notice 'one'; raise warning 'two'; raise info 'three'; end $$;
select 1; select 2 \; select 3;
\errverbose
select 1/0;
\errverbose
\x on
select 1 as a, 'b' as b;
\x off
select $$text
of lines$$;
\if true
select 'if';
\endif
listen things;
notify things, 'hello';
select 'after';
\set VERBOSITY verbose
select * from nothing_here;
\set VERBOSITY terse
\lo_import 'out.csv' 'a file'
\lo_export :LASTOID 'lo.csv'
select oid = :LASTOID, obj_description(oid, 'pg_largeobject') from pg_largeobject_metadata;
\! cmp out.csv lo.csv && echo the same file
\lo_unlink :LASTOID
drop table psql_t;
