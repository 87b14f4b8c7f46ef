/** Every clear value of a masked column contains `sesame`, so a leak is found wherever it turns up. */
export const CLEAR = /sesame/i

/** `users.email` keeps its domain, `users.phone` its last four, the others nothing; `accounts.*` is masked in one schema only. */
export const MASKS = [
  { column: 'users.email', keep: 'domain' },
  { column: 'users.phone', keep: 'last4' },
  { column: 'users.born', keep: 'nothing' },
  { column: 'users.profile', keep: 'nothing' },
  { column: 'users.tags', keep: 'last4' },
  { column: 'public.events.payload', keep: 'nothing' },
  { column: '*.iban', keep: 'last4' },
] as const

export const MASKED_SCHEMA = `
  CREATE EXTENSION IF NOT EXISTS citext;
  CREATE DOMAIN short_text AS varchar(200);
  CREATE TABLE users (
    id int PRIMARY KEY, name text NOT NULL, email text UNIQUE, phone varchar(40), born date, profile jsonb, tags text[],
    handle text GENERATED ALWAYS AS (lower(email)) STORED, note text);
  INSERT INTO users (id, name, email, phone, born, profile, tags, note) VALUES
    (1, 'Ana', 'ana-sesame@example.org', '+49 170 sesame 4321', '1980-02-03', '{"k":"sesame"}', '{sesame,b}', 'n1'),
    (2, 'Bo', 'bo "sesame", x@example.net', 'sesame12', NULL, NULL, NULL, 'n2'),
    (3, 'Cy', NULL, NULL, NULL, NULL, NULL, NULL),
    (4, 'Di', 'no at sign sesame', '12', '1990-01-01', '[]', '{}', '');
  CREATE TABLE orders (id int PRIMARY KEY, user_id int, email text, total numeric, card_number text);
  INSERT INTO orders VALUES (1, 1, 'shop@orders.example', 10, 'c'), (2, 2, 'other@orders.example', 20, 'c');
  CREATE TABLE notes (id int, text text);
  CREATE TABLE events (at date, id int, payload text) PARTITION BY RANGE (at);
  CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
  INSERT INTO events VALUES ('2024-05-05', 1, 'payload sesame');
  CREATE TABLE people (id int, iban short_text, nick citext);
  CREATE TABLE staff (badge int) INHERITS (people);
  INSERT INTO people VALUES (1, 'DE00 sesame 9999', 'nick');
  INSERT INTO staff VALUES (2, 'DE11 sesame 8888', 'nack', 7);
  CREATE VIEW contacts AS SELECT u.id, u.email AS mail, upper(u.phone) AS loud, o.total, o.email AS shop
    FROM users u JOIN orders o ON o.user_id = u.id;
  CREATE VIEW contacts2 AS SELECT c.mail AS m2, c.total FROM contacts c;
  CREATE MATERIALIZED VIEW known AS SELECT id, email FROM users;
  CREATE VIEW either AS SELECT id, email AS w FROM users UNION ALL SELECT id, email FROM orders;
  CREATE VIEW harmless AS SELECT id, name FROM users WHERE email IS NOT NULL;
  CREATE FUNCTION get_user(int) RETURNS users LANGUAGE sql AS 'SELECT * FROM users WHERE id = $1';
  CREATE FUNCTION all_users() RETURNS SETOF users LANGUAGE sql AS 'SELECT * FROM users';
  CREATE FUNCTION describe_user(users) RETURNS text LANGUAGE sql AS 'SELECT $1.email';
  CREATE SCHEMA other;
  CREATE TABLE other.events (id int, payload text);
  INSERT INTO other.events VALUES (1, 'not masked');
  CREATE TABLE "Odd" ("iban" text, "E-Mail" text);
  INSERT INTO "Odd" VALUES ('XX sesame 7777', 'x');
  GRANT USAGE ON SCHEMA other TO public;
  GRANT ALL ON ALL TABLES IN SCHEMA public, other TO public;
  GRANT CREATE ON SCHEMA public TO public;
`

/** Statements that must not be refused, and how their rows look (`psql -A -t`). */
export const SHOWN: readonly (readonly [sql: string, rows: string])[] = [
  [
    'COPY users (id, email, phone) TO STDOUT',
    '1\t***@example.org\t***4321\n2\t***@example.net\t***me12\n3\t\\N\t\\N\n4\t****\t****\n',
  ],
  [
    'SELECT id, email, phone FROM users ORDER BY id',
    '1|***@example.org|***4321\n2|***@example.net|***me12\n3||\n4|****|****\n',
  ],
  ['SELECT * FROM users WHERE id = 1', '1|Ana|***@example.org|***4321||||****|n1\n'],
  ['TABLE known', '1|***@example.org\n2|***@example.net\n3|\n4|****\n'],
  ['SELECT u.* FROM users u WHERE u.id = 3', '3|Cy|||||||\n'],
  ['SELECT email AS total FROM users WHERE id = 1', '***@example.org\n'],
  ['SELECT "email" AS "E" FROM public."users" WHERE id = 1', '***@example.org\n'],
  [
    'SELECT u.email, o.email FROM users u JOIN orders o ON o.user_id = u.id ORDER BY o.id',
    '***@example.org|shop@orders.example\n***@example.net|other@orders.example\n',
  ],
  ["SELECT email FROM orders WHERE email LIKE 'shop%'", 'shop@orders.example\n'],
  [
    'SELECT upper(o.email) FROM orders o, users u WHERE u.id = o.user_id AND o.id = 1',
    'SHOP@ORDERS.EXAMPLE\n',
  ],
  ['SELECT x.mail FROM (SELECT id, email AS mail FROM users) x WHERE x.id = 1', '***@example.org\n'],
  ['SELECT x.b FROM (SELECT id, email FROM users) x(a, b) WHERE x.a = 1', '***@example.org\n'],
  ['WITH c AS (SELECT * FROM users) SELECT email FROM c WHERE id = 1', '***@example.org\n'],
  ['WITH c(a, b) AS (SELECT id, email FROM users) SELECT b FROM c WHERE a = 1', '***@example.org\n'],
  ['SELECT l.y FROM users u, LATERAL (SELECT u.email AS y) l WHERE u.id = 1', '***@example.org\n'],
  ['SELECT j.email FROM (users u JOIN notes n ON n.id = u.id) AS j', ''],
  ['SELECT u.email FROM users u JOIN orders o USING (id) WHERE u.id = 1', '***@example.org\n'],
  ['SELECT count(*), max(id) FROM users', '4|4\n'],
  ["SELECT count(*) FROM users WHERE name LIKE 'A%'", '1\n'],
  ['SELECT EXISTS (SELECT * FROM users WHERE id = 1)', 't\n'],
  ['SELECT name FROM users WHERE id IN (SELECT user_id FROM orders) ORDER BY 1', 'Ana\nBo\n'],
  ['SELECT * FROM users ORDER BY 1 LIMIT 1', '1|Ana|***@example.org|***4321||||****|n1\n'],
  [
    'SELECT mail, loud, total, shop FROM contacts WHERE id = 1',
    '***@example.org|****|10|shop@orders.example\n',
  ],
  ['SELECT * FROM contacts2 ORDER BY total', '***@example.org|10\n***@example.net|20\n'],
  ['SELECT * FROM either WHERE id = 4', '4|****\n'],
  ['SELECT * FROM harmless ORDER BY name', '1|Ana\n2|Bo\n4|Di\n'],
  ['SELECT * FROM events', '2024-05-05|1|****\n'],
  ['SELECT * FROM events_2024', '2024-05-05|1|****\n'],
  ['SELECT payload FROM other.events', 'not masked\n'],
  ['SELECT upper(payload) FROM other.events', 'NOT MASKED\n'],
  ['SELECT iban, nick FROM people ORDER BY id', '***9999|nick\n***8888|nack\n'],
  ['SELECT * FROM staff', '2|***8888|nack|7\n'],
  ['SELECT iban FROM "Odd"', '***7777\n'],
  ['SELECT * FROM all_users() WHERE id = 1', '1|Ana|***@example.org|***4321||||****|n1\n'],
  ['UPDATE users SET note = note WHERE id = 1 RETURNING id, email', '1|***@example.org\nUPDATE 1\n'],
  [
    "INSERT INTO users (id, name, email) VALUES (9, 'Zo', 'zo@sesame.example') RETURNING email",
    '***@sesame.example\nINSERT 0 1\n',
  ],
  ["UPDATE users SET email = 'zoe@sesame.example' WHERE id = 9", 'UPDATE 1\n'],
  ['DELETE FROM users WHERE id = 9 RETURNING *', '9|Zo|***@sesame.example|||||****|\nDELETE 1\n'],
  [
    'WITH d AS (UPDATE users SET note = note WHERE id = 1 RETURNING *) SELECT email FROM d',
    '***@example.org\n',
  ],
  [
    'COPY (SELECT id, email AS e FROM users WHERE id < 3 ORDER BY id) TO STDOUT (FORMAT csv, HEADER)',
    'id,e\n1,***@example.org\n2,"***@example.net"\n',
  ],
  [
    "COPY (SELECT * FROM users WHERE id = 1) TO STDOUT WITH (DELIMITER '|')",
    '1|Ana|***@example.org|***4321|\\N|\\N|\\N|****|n1\n',
  ],
  ['COPY orders TO STDOUT', '1\t1\tshop@orders.example\t10\tc\n2\t2\tother@orders.example\t20\tc\n'],
  ['EXPLAIN (COSTS OFF) SELECT email FROM users', 'Seq Scan on users\n'],
  ["SELECT attname FROM pg_attribute WHERE attname = 'email' AND attrelid = 'users'::regclass", 'email\n'],
  ["SELECT 'select email from users' AS text", 'select email from users\n'],
]

const DO = "DO $$ BEGIN RAISE NOTICE '%', (SELECT email FROM users LIMIT 1); END $$"

/** Ways to a clear value that must be refused with rule `masked_column`. */
export const REFUSED: readonly string[] = [
  // Expressions and functions.
  "SELECT email || '' FROM users",
  'SELECT email::text FROM users',
  'SELECT CAST(email AS varchar) FROM users',
  'SELECT email COLLATE "C" FROM users',
  'SELECT upper(u.email) FROM public.users u',
  'SELECT UPPER("users"."email") FROM users',
  'SELECT coalesce(email, name) FROM users',
  "SELECT CASE WHEN true THEN email ELSE '' END FROM users",
  'SELECT (SELECT email FROM users WHERE id = 1)',
  'SELECT ARRAY(SELECT email FROM users)',
  'SELECT ARRAY[email] FROM users',
  'SELECT ROW(email) FROM users',
  "SELECT string_agg(email, ',') FROM users",
  'SELECT max(email) FROM users',
  'SELECT first_value(email) OVER (ORDER BY id) FROM users',
  'SELECT max(id) OVER (PARTITION BY email) FROM users',
  "SELECT format('%s', email) FROM users",
  "SELECT profile -> 'k' FROM users",
  'SELECT tags[1] FROM users',
  'SELECT length(handle) FROM users',
  "SELECT encode(convert_to(email, 'UTF8'), 'hex') FROM users",
  'SELECT upper(iban) FROM staff',
  'SELECT upper("iban") FROM "Odd"',
  'VALUES ((SELECT email FROM users WHERE id = 1))',
  "SELECT x.* FROM users u, unnest(string_to_array(u.email, '@')) x",
  "SELECT x FROM users u, LATERAL (SELECT u.email || '' AS x) l",
  // Whole rows.
  'SELECT u FROM users u',
  'SELECT users FROM users',
  'SELECT u::text FROM users u',
  'SELECT row_to_json(u) FROM users u',
  'SELECT to_jsonb(u.*) FROM users u',
  'SELECT u.to_jsonb FROM users u',
  'SELECT u.describe_user FROM users u',
  'SELECT describe_user(u) FROM users u',
  'SELECT json_agg(u) FROM users u',
  'SELECT (u).email FROM users u',
  'SELECT (u).* FROM users u',
  'SELECT s.row_to_json FROM (SELECT email FROM users) s',
  'SELECT s.to_json, d.to_json FROM (SELECT email FROM users) s, (SELECT 1 AS to_json) d',
  'SELECT to_json(s) FROM (SELECT id, email FROM users) s',
  'SELECT to_json(c) FROM (SELECT id, phone AS p FROM users) AS c(a, b)',
  'WITH c AS (SELECT email FROM users) SELECT c FROM c',
  'WITH c AS (SELECT email FROM users) SELECT to_json(c) FROM c',
  'SELECT to_json(j) FROM (users u JOIN notes n ON true) AS j',
  'SELECT count(u) FROM users u',
  "SELECT * FROM users u WHERE u::text LIKE '%ana%'",
  'SELECT describe_user(get_user(1)) FROM get_user(1) g WHERE to_json(g) IS NOT NULL',
  // Under another name.
  'SELECT upper(x) FROM (SELECT email AS x FROM users) s',
  'SELECT upper(b) FROM (SELECT id, email FROM users) s(a, b)',
  'SELECT upper(c) FROM users AS u(a, b, c)',
  'WITH c(a, b) AS (SELECT id, email FROM users) SELECT upper(b) FROM c',
  'WITH c AS (SELECT email AS x FROM users), d AS (SELECT x AS y FROM c) SELECT upper(y) FROM d',
  'SELECT upper(mail) FROM contacts',
  'SELECT lower(loud) FROM contacts',
  'SELECT upper(m2) FROM contacts2',
  'SELECT upper(email) FROM known',
  'SELECT upper(w) FROM either',
  'SELECT upper(payload) FROM events',
  'SELECT upper(payload) FROM events_2024',
  'SELECT upper(email) FROM all_users()',
  'SELECT to_json(a) FROM all_users() a',
  // Comparisons.
  "SELECT id FROM users WHERE email LIKE 'ana%'",
  "SELECT id FROM users WHERE email = 'ana-sesame@example.org'",
  "SELECT id FROM users WHERE (email, id) > ('b', 0)",
  'SELECT id FROM users WHERE email IS NULL',
  "SELECT id FROM users WHERE id IN (SELECT id FROM users WHERE phone > '5')",
  "SELECT EXISTS (SELECT 1 FROM users WHERE email LIKE 'a%')",
  "SELECT 'x' IN (SELECT email FROM users)",
  'SELECT id FROM users ORDER BY email',
  'SELECT id, email FROM users ORDER BY 2',
  'SELECT id, email AS e FROM users ORDER BY e',
  'SELECT * FROM users ORDER BY 3',
  'SELECT count(*) FROM users GROUP BY email',
  'SELECT email, count(*) FROM users GROUP BY 1',
  'SELECT count(*) FROM users GROUP BY GROUPING SETS ((email), ())',
  "SELECT id FROM users GROUP BY id HAVING min(email) > 'b'",
  'SELECT DISTINCT email FROM users',
  'SELECT DISTINCT * FROM users',
  'SELECT DISTINCT ON (email) id FROM users',
  "SELECT email FROM users UNION SELECT 'x'",
  "SELECT email FROM users INTERSECT SELECT 'ana-sesame@example.org'",
  'SELECT id, email FROM users UNION ALL SELECT id, email FROM orders',
  'SELECT * FROM users UNION ALL TABLE users',
  "SELECT u.id FROM users u JOIN (VALUES ('ana-sesame@example.org')) v(email) USING (email)",
  "SELECT id FROM users NATURAL JOIN (VALUES ('ana-sesame@example.org')) v(email)",
  'SELECT u.id FROM users u JOIN orders o ON u.email = o.email',
  'WITH RECURSIVE c AS (SELECT email FROM users UNION ALL SELECT c.email FROM c WHERE false) SELECT * FROM c',
  "DELETE FROM users WHERE email LIKE 'a%'",
  "UPDATE orders SET total = 1 FROM users u WHERE u.email < 'b' AND u.id = orders.user_id",
  "INSERT INTO users (id, name, email) VALUES (1, 'x', 'y') ON CONFLICT (email) DO NOTHING",
  'SELECT id FROM users LIMIT (SELECT length(email) FROM users LIMIT 1)',
  // Copied to where it is not masked.
  'INSERT INTO notes SELECT id, email FROM users',
  'INSERT INTO notes SELECT id, e FROM (SELECT id, email AS e FROM users) s',
  'INSERT INTO notes (id, text) VALUES (1, (SELECT email FROM users WHERE id = 1))',
  'WITH c AS (SELECT * FROM users) INSERT INTO notes SELECT id, email FROM c',
  "INSERT INTO users (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET note = users.email",
  'UPDATE users SET note = email',
  'UPDATE users SET note = (SELECT u.email FROM users u WHERE u.id = 1)',
  'UPDATE notes SET (text) = (SELECT email FROM users WHERE id = 1)',
  'UPDATE notes n SET text = u.phone FROM users u WHERE u.id = n.id',
  'MERGE INTO notes n USING users u ON n.id = u.id WHEN NOT MATCHED THEN INSERT VALUES (u.id, u.email)',
  'CREATE TABLE stolen AS SELECT * FROM users',
  'CREATE TEMP TABLE stolen AS TABLE users',
  'SELECT * INTO stolen FROM users',
  'CREATE VIEW v AS SELECT email AS e FROM users',
  'CREATE MATERIALIZED VIEW v AS SELECT email AS e FROM users',
  'CREATE RULE r AS ON UPDATE TO users DO ALSO INSERT INTO notes VALUES (old.id, old.email)',
  'CREATE RULE r AS ON UPDATE TO users DO ALSO INSERT INTO notes SELECT old.id, to_json(old)::text',
  "CREATE TRIGGER t BEFORE UPDATE ON users FOR EACH ROW WHEN (old.email LIKE 'a%') EXECUTE FUNCTION suppress_redundant_updates_trigger()",
  'CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT email FROM users $$',
  'ALTER TABLE users RENAME COLUMN email TO e',
  'ALTER TABLE users RENAME TO u2',
  'ALTER TABLE users SET SCHEMA other',
  'ALTER TABLE users ALTER COLUMN email TYPE int',
  'ALTER TABLE users ALTER COLUMN note TYPE text USING email',
  'ALTER TABLE users ADD COLUMN e2 text GENERATED ALWAYS AS (upper(email)) STORED',
  "ALTER TABLE users ADD CHECK (email NOT LIKE 'a%')",
  'ALTER TABLE events DETACH PARTITION events_2024',
  'ALTER TABLE staff NO INHERIT people',
  "CREATE INDEX ON users ((email || ''))",
  DO,
  'PREPARE p AS SELECT upper(email) FROM users',
  'DECLARE c CURSOR FOR SELECT upper(email) FROM users',
  "EXPLAIN ANALYZE SELECT * FROM users WHERE email > 'm'",
  'CREATE TABLE x AS EXECUTE p',
  "UPDATE users SET note = '' WHERE id = 1 RETURNING upper(email)",
  'UPDATE users SET note = note WHERE id = 1 RETURNING users',
  // COPY.
  'COPY users TO STDOUT (FORMAT binary)',
  "COPY users (email) TO STDOUT (NULL 'ana-sesame@example.org')",
  "COPY users (email) TO STDOUT (ENCODING 'SJIS')",
  "COPY (SELECT email || '' FROM users) TO STDOUT",
  'COPY (SELECT u.*, o.* FROM users u JOIN orders o ON true) TO STDOUT',
  'COPY (SELECT row_to_json(u) FROM users u) TO STDOUT',
  'COPY (UPDATE users SET note = note RETURNING email || note) TO STDOUT',
  // Past the tables.
  "SELECT most_common_vals FROM pg_stats WHERE tablename = 'users'",
  'SELECT * FROM pg_catalog.pg_statistic',
  "SELECT table_to_xml('users', true, true, '')",
  "SELECT cursor_to_xml('c', 10, true, true, '')",
  // Beside something harmless.
  'SELECT 1; SELECT upper(email) FROM users',
  'SELECT 1 -- \n; SELECT upper(/* */email) FROM users',
  'SELECT U&"\\0065mail" || \'\' FROM users',
]
