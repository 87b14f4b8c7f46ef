\set id random(1, 60)
begin;
update orders set total = total + 1 where id = :id;
select total from orders where id = :id;
insert into notes (body) values ('bench');
end;
