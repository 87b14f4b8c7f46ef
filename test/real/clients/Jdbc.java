import java.io.StringReader;
import java.io.StringWriter;
import java.sql.*;
import org.postgresql.PGConnection;

/** JDBC through a grant: simple, prepared (server-side after one use), batch, COPY both ways, a refusal, fetch size. */
public class Jdbc {
  public static void main(String[] args) throws Exception {
    String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE")
        + "?sslmode=verify-full&sslrootcert=" + System.getenv("PGSSLROOTCERT") + "&prepareThreshold=1" + (args.length > 0 ? args[0] : "");
    try (Connection db = DriverManager.getConnection(url, System.getenv("PGUSER"), System.getenv("PGPASSWORD"))) {
      try (Statement s = db.createStatement(); ResultSet r = s.executeQuery("select count(*) from orders")) {
        r.next();
        check(r.getInt(1) == 5000, "simple");
      }
      try (PreparedStatement p = db.prepareStatement("select total from orders where id = ?")) {
        for (int i = 1; i <= 20; i++) {
          p.setInt(1, i);
          try (ResultSet r = p.executeQuery()) { r.next(); check(r.getInt(1) == i, "prepared"); }
        }
      }
      try (PreparedStatement p = db.prepareStatement("insert into notes (body) values (?)")) {
        for (int i = 0; i < 1000; i++) { p.setString(1, "jdbc " + i); p.addBatch(); }
        check(p.executeBatch().length == 1000, "batch");
      }
      try (Statement s = db.createStatement()) {
        s.execute("drop table orders");
        throw new IllegalStateException("drop was not refused");
      } catch (SQLException refused) {
        check("42501".equals(refused.getSQLState()), "state " + refused.getSQLState() + ": " + refused.getMessage());
      }
      var copy = db.unwrap(PGConnection.class).getCopyAPI();
      check(copy.copyIn("copy notes (body) from stdin", new StringReader("a\nb\nc\n")) == 3, "copy in");
      StringWriter out = new StringWriter();
      copy.copyOut("copy (select id from orders) to stdout", out);
      check(out.toString().lines().count() == 5000, "copy out");
      db.setAutoCommit(false);
      try (PreparedStatement p = db.prepareStatement("select id from orders order by id")) {
        p.setFetchSize(100);
        int rows = 0;
        try (ResultSet r = p.executeQuery()) { while (r.next()) rows++; }
        check(rows == 5000, "fetch size");
      }
      db.rollback();
    }
    System.out.println("ok");
  }

  static void check(boolean holds, String what) {
    if (!holds) throw new IllegalStateException(what);
  }
}
