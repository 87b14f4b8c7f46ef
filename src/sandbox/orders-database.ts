import pg from 'pg'
import type { SandboxPostgres } from './postgres.ts'

const SCHEMA = `
create table public.customers (id int primary key, name text not null, email text not null, card_number text not null);
create table public.orders (id int primary key, customer int not null references public.customers, total numeric(10, 2) not null, status text not null);
insert into public.customers select i, 'Customer ' || i, 'c' || i || '@example.com', lpad((4000000000000000 + i)::text, 16, '0') from generate_series(1, 500) i;
insert into public.orders select i, 1 + i % 500, (i % 900) + 0.99, case when i % 40 = 0 then 'stuck' else 'paid' end from generate_series(1, 20000) i;
`

/**
 * What the target's owner does once: the database, the login that breakglass acts with, and whatever
 * `target plan` prints, unchanged.
 */
export async function prepareOrders(
  server: SandboxPostgres,
  breakglassPassword: string,
  plan: () => string,
): Promise<void> {
  const connect = async (database: string): Promise<pg.Client> => {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: server.port,
      user: 'postgres',
      password: server.password,
      database,
    })
    await client.connect()
    return client
  }
  const first = await connect('postgres')
  await first.query('create database orders')
  await first.query(
    `create role breakglass login createrole password ${first.escapeLiteral(breakglassPassword)}`,
  )
  await first.end()
  const orders = await connect('orders')
  await orders.query(SCHEMA)
  await orders.query(plan())
  await orders.end()
}
