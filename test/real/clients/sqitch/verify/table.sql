BEGIN; SELECT id, total FROM flow.bills WHERE false; SELECT 1 / count(*) FROM flow.bills; ROLLBACK;
