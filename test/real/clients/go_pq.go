// Go's database/sql with lib/pq: prints all it sees. `go_pq refused`, or `go_pq SIZE COUNT`.
package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/lib/pq"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func failing(err error) {
	if known, ok := err.(*pq.Error); ok {
		fmt.Println(known.Code, known.Message, known.Hint)
	} else {
		fmt.Println("error", err)
	}
}

func open() *sql.DB {
	// Everything from libpq's environment; a lone sslrootcert stands in PGSSLROOTCERT.
	db, err := sql.Open("postgres", "")
	must(err)
	return db
}

func refused() {
	db := open()
	db.SetMaxOpenConns(1)
	_, err := db.Exec("drop table orders")
	failing(err)
	_, err = db.Exec("delete from orders where $1 = $2", 1, 1)
	failing(err)
	var count int
	must(db.QueryRow("select count(*) from orders").Scan(&count))
	fmt.Println(count)
}

func values(db *sql.Conn, size int) {
	ctx := context.Background()
	_, err := db.ExecContext(ctx, "create temp table t (i int, n numeric, s text, b bytea, w timestamptz, a int[])")
	must(err)
	large := make([]byte, size/10)
	for i := range large {
		large[i] = byte(i * 31)
	}
	_, err = db.ExecContext(ctx, "insert into t values ($1, $2, $3, $4, $5, $6)",
		7, "1.50", "zażółć 🙂 '\\", large, time.Unix(1700000000, 0).UTC(), pq.Array([]int{1, 2, 3}))
	must(err)
	var i int
	var n, s string
	var b []byte
	var w time.Time
	var a []int64
	must(db.QueryRowContext(ctx, "select * from t").Scan(&i, &n, &s, &b, &w, pq.Array(&a)))
	fmt.Printf("%d %s %s %x %s %v\n", i, n, s, sha256.Sum256(b), w.UTC(), a)
	must(db.QueryRowContext(ctx, "select decode(repeat('00ff', $1), 'hex')", size/2).Scan(&b))
	fmt.Printf("%d %x\n", len(b), sha256.Sum256(b))
}

func statements(db *sql.Conn, count int) {
	ctx := context.Background()
	prepared, err := db.PrepareContext(ctx, "select total from orders where id = $1")
	must(err)
	for i := 1; i <= count; i++ {
		var total string
		must(prepared.QueryRow(i).Scan(&total))
		fmt.Print(total, " ")
	}
	must(prepared.Close())
	rows, err := db.QueryContext(ctx, "select 1; select 'two', 2")
	must(err)
	for more := true; more; more = rows.NextResultSet() {
		names, _ := rows.Columns()
		for rows.Next() {
			fmt.Print(names, " ")
		}
	}
	fmt.Println(rows.Err())
	_, err = db.ExecContext(ctx, "select 1/0")
	failing(err)
	_, err = db.ExecContext(ctx, "select * from no_such_table where i = $1", 1)
	failing(err)
}

func copies(db *sql.Conn) {
	ctx := context.Background()
	tx, err := db.BeginTx(ctx, nil)
	must(err)
	in, err := tx.Prepare(pq.CopyIn("t", "i", "s"))
	must(err)
	for i := 0; i < 5000; i++ {
		_, err = in.Exec(i, fmt.Sprintf("row %d", i))
		must(err)
	}
	_, err = in.Exec()
	must(err)
	must(in.Close())
	must(tx.Commit())
	var sum string
	must(db.QueryRowContext(ctx, "select md5(string_agg(i || s, ',' order by i, s)) from t").Scan(&sum))
	fmt.Println(sum)
	tx, err = db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable, ReadOnly: true})
	must(err)
	_, err = tx.Exec("insert into orders values (9001, 'x', 1)")
	failing(err)
	_, err = tx.Exec("select 1")
	failing(err)
	must(tx.Rollback())
}

func interrupts(pool *sql.DB) {
	ctx, stop := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer stop()
	_, err := pool.ExecContext(ctx, "select pg_sleep(20)")
	failing(err)
	// lib/pq gives the cancelled connection up and takes another from the pool.
	var alive string
	must(pool.QueryRow("select 'alive'").Scan(&alive))
	fmt.Println(alive)
}

func notifications(pool *sql.DB) {
	listener := pq.NewListener("", 10*time.Millisecond, time.Minute, nil)
	must(listener.Listen("things"))
	for i := 0; i < 3; i++ {
		_, err := pool.Exec("select pg_notify('things', $1)", strconv.Itoa(i))
		must(err)
	}
	for i := 0; i < 3; i++ {
		select {
		case heard := <-listener.Notify:
			fmt.Println(heard.Channel, heard.Extra)
		case <-time.After(10 * time.Second):
			panic("nothing heard")
		}
	}
	must(listener.Ping())
	must(listener.Close())
}

func main() {
	if os.Args[1] == "refused" {
		refused()
		return
	}
	size, err := strconv.Atoi(os.Args[1])
	must(err)
	count, err := strconv.Atoi(os.Args[2])
	must(err)
	pool := open()
	db, err := pool.Conn(context.Background())
	must(err)
	values(db, size)
	statements(db, count)
	copies(db)
	must(db.Close())
	interrupts(pool)
	notifications(pool)
	must(pool.Close())
}
