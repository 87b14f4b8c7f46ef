// Go's pgx: binary, statement cache, batches in one write, COPY. Prints all it sees. `go_pgx refused`, or `go_pgx SIZE COUNT`.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4"
)

var ctx = context.Background()

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func failing(err error) {
	var known *pgconn.PgError
	if errors.As(err, &known) {
		fmt.Println(known.Code, known.Message, known.Hint)
	} else {
		fmt.Println("error", err)
	}
}

func open(mode string) *pgx.Conn {
	config, err := pgx.ParseConfig("")
	must(err)
	config.PreferSimpleProtocol = mode == "simple"
	db, err := pgx.ConnectConfig(ctx, config)
	must(err)
	return db
}

func refused() {
	db := open("")
	_, err := db.Exec(ctx, "drop table orders")
	failing(err)
	batch := &pgx.Batch{}
	batch.Queue("select 1")
	batch.Queue("delete from orders")
	failing(db.SendBatch(ctx, batch).Close())
	var count int
	must(db.QueryRow(ctx, "select count(*) from orders").Scan(&count))
	fmt.Println(count)
}

func values(db *pgx.Conn, size int) {
	_, err := db.Exec(ctx, "create temp table t (i int, n numeric, s text, b bytea, w timestamptz, a int[])")
	must(err)
	large := make([]byte, size/4)
	for i := range large {
		large[i] = byte(i * 31)
	}
	_, err = db.Exec(ctx, "insert into t values ($1, $2, $3, $4, $5, $6)",
		7, "1.50", "zażółć 🙂", large, time.Unix(1700000000, 0), []int32{1, 2, 3})
	must(err)
	var i int
	var n float64
	var s string
	var b []byte
	var w time.Time
	var a []int32
	must(db.QueryRow(ctx, "select * from t").Scan(&i, &n, &s, &b, &w, &a))
	fmt.Printf("%d %v %s %x %s %v\n", i, n, s, sha256.Sum256(b), w.UTC(), a)
	must(db.QueryRow(ctx, "select decode(repeat('00ff', $1), 'hex')", size/2).Scan(&b))
	fmt.Printf("%d %x\n", len(b), sha256.Sum256(b))
}

func batches(db *pgx.Conn, count int) {
	batch := &pgx.Batch{}
	for i := 1; i <= count; i++ {
		batch.Queue("select total::text from orders where id = $1", i)
	}
	results := db.SendBatch(ctx, batch)
	for i := 0; i < count; i++ {
		var total string
		must(results.QueryRow().Scan(&total))
		fmt.Print(total, " ")
	}
	must(results.Close())
	fmt.Println()
	batch = &pgx.Batch{}
	batch.Queue("insert into t (i) values (-1)")
	batch.Queue("insert into t (i) values (1 / $1)", 0)
	batch.Queue("insert into t (i) values (-2)")
	failing(db.SendBatch(ctx, batch).Close())
	var left int
	must(db.QueryRow(ctx, "select count(*) from t where i < 0").Scan(&left))
	fmt.Println(left)
	_, err := db.Exec(ctx, "select * from no_such_table where i = $1", 1)
	failing(err)
}

func copies(db *pgx.Conn) {
	rows := [][]interface{}{}
	for i := 0; i < 5000; i++ {
		rows = append(rows, []interface{}{int32(i), fmt.Sprintf("row %d", i)})
	}
	count, err := db.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"i", "s"}, pgx.CopyFromRows(rows))
	must(err)
	var out bytes.Buffer
	tag, err := db.PgConn().CopyTo(ctx, &out, "copy (select i, s from t order by i, s) to stdout (format csv)")
	must(err)
	fmt.Printf("%d %s %x\n", count, tag, sha256.Sum256(out.Bytes()))
	_, err = db.PgConn().CopyFrom(ctx, strings.NewReader("x\n"), "copy t (i) from stdin")
	failing(err)
}

func interrupts(db *pgx.Conn) {
	_, err := db.Exec(ctx, "set statement_timeout = 200")
	must(err)
	_, err = db.Exec(ctx, "select pg_sleep(20)")
	failing(err)
	// pgx gives a connection up when its context ends, and asks the server to cancel.
	soon, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	_, err = db.Exec(ctx, "reset statement_timeout")
	must(err)
	_, err = db.Exec(soon, "select pg_sleep(20)")
	fmt.Println(err != nil, db.IsClosed())
}

func notifications(db *pgx.Conn) {
	_, err := db.Exec(ctx, "listen things")
	must(err)
	other := open("simple")
	for i := 0; i < 3; i++ {
		_, err = other.Exec(ctx, "select pg_notify('things', $1)", strconv.Itoa(i))
		must(err)
	}
	must(other.Close(ctx))
	for i := 0; i < 3; i++ {
		wait, stop := context.WithTimeout(ctx, 10*time.Second)
		heard, err := db.WaitForNotification(wait)
		must(err)
		stop()
		fmt.Println(heard.Channel, heard.Payload)
	}
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
	for _, mode := range []string{"extended", "simple"} {
		db := open(mode)
		if mode == "extended" {
			values(db, size)
			batches(db, count)
			copies(db)
		}
		notifications(db)
		interrupts(db)
		_ = db.Close(ctx)
	}
}
