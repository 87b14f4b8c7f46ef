\set id random(1, 60)
\startpipeline
select total from orders where id = :id;
update orders set total = total + 1 where id = :id;
insert into notes (body) values ('pipeline');
select customer from orders where id = :id;
\endpipeline
select count(*) from notes;
