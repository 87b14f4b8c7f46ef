import java.io.StringReader;
import java.io.StringWriter;
import java.sql.*;
import org.postgresql.PGConnection;

/** What JDBC says: extended protocol, server-side statements, batches, portals with a limit, binary formats, COPY. */
public class Session {
  public static void main(String[] args) throws Exception {
    String url = "jdbc:postgresql://127.0.0.1:" + System.getenv("PGPORT") + "/shop?sslmode=disable&gssEncMode=disable&prepareThreshold=1";
    try (Connection db = DriverManager.getConnection(url, "recorder", "")) {
      try (Statement s = db.createStatement(); ResultSet r = s.executeQuery("select count(*) from orders")) { r.next(); }
      try (PreparedStatement p = db.prepareStatement("select total, photo from orders where id = ?")) {
        for (int i = 1; i <= 8; i++) { p.setInt(1, i); try (ResultSet r = p.executeQuery()) { r.next(); } }
      }
      try (PreparedStatement p = db.prepareStatement("insert into notes (body) values (?)")) {
        for (int i = 0; i < 90; i++) { p.setString(1, i % 7 == 0 ? null : "jdbc " + i); p.addBatch(); }
        p.executeBatch();
      }
      try (PreparedStatement p = db.prepareStatement("insert into orders (id, photo) values (?, ?)")) {
        p.setInt(1, 1000); p.setBytes(2, new byte[3000]); p.executeUpdate();
        p.setInt(1, 1000); p.setBytes(2, new byte[10]); p.executeUpdate();
      } catch (SQLException duplicate) { }
      var copy = db.unwrap(PGConnection.class).getCopyAPI();
      copy.copyIn("copy notes (body) from stdin", new StringReader("a\nb\nc\n"));
      copy.copyOut("copy (select id from orders) to stdout", new StringWriter());
      db.setAutoCommit(false);
      try (PreparedStatement p = db.prepareStatement("select id, customer from orders order by id")) {
        p.setFetchSize(11);
        try (ResultSet r = p.executeQuery()) { while (r.next()) { } }
      }
      try (CallableStatement c = db.prepareCall("{ ? = call shout(?) }")) {
        c.registerOutParameter(1, Types.VARCHAR); c.setString(2, "loud"); c.execute();
      }
      db.rollback();
    }
  }
}
