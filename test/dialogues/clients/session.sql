select count(*) from orders;
select 1 as a \; select 'zwei' as b \; select null as c;
\copy (select id, customer from orders order by id limit 20) to '/dev/null' csv
copy notes (body) from stdin;
first
tab\there
\.
select shout('käse');
begin;
update orders set total = total + 1 where id <= 10;
savepoint here;
select 1/0;
rollback to here;
select customer, photo from orders where id = 7;
rollback;
select no_such_column from orders;
begin; declare c cursor for select id from orders order by id; fetch 7 from c; move 3 in c; fetch all from c; commit;
prepare one (int) as select total from orders where id = $1;
execute one (3);
deallocate all;
listen paper;
notify paper, 'a letter';
select 'after the letter';
unlisten *;
;
set application_name = 'another name';
show timezone;
explain (costs off) select * from large;
\d orders
