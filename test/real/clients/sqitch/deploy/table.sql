BEGIN;
SET LOCAL client_min_messages = 'warning';
CREATE TABLE flow.bills (id SERIAL PRIMARY KEY, total NUMERIC NOT NULL CHECK (total > 0));
CREATE FUNCTION flow.bill(amount NUMERIC) RETURNS INT LANGUAGE plpgsql AS $$
DECLARE made INT;
BEGIN
  INSERT INTO flow.bills (total) VALUES (amount) RETURNING id INTO made;
  RETURN made;
END $$;
DO $$ BEGIN PERFORM flow.bill(n) FROM generate_series(1, 10) n; END $$;
COMMIT;
