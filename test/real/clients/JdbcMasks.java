import java.sql.*;

/** JDBC with masked columns: prepared on the server from the first use on, in binary, and read in parts. */
public class JdbcMasks {
  public static void main(String[] args) throws Exception {
    String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE")
        + "?sslmode=verify-full&sslrootcert=" + System.getenv("PGSSLROOTCERT") + "&prepareThreshold=-1";
    try (Connection db = DriverManager.getConnection(url, System.getenv("PGUSER"), System.getenv("PGPASSWORD"))) {
      try (PreparedStatement p = db.prepareStatement("select email, born from users where id = ?")) {
        for (int i = 0; i < 8; i++) {
          p.setInt(1, 1);
          try (ResultSet r = p.executeQuery()) {
            r.next();
            System.out.println(r.getString(1) + " " + r.getDate(2));
          }
        }
      }
      db.setAutoCommit(false);
      try (PreparedStatement p = db.prepareStatement("select email from users")) {
        p.setFetchSize(1);
        int masked = 0;
        try (ResultSet r = p.executeQuery()) {
          while (r.next()) if (r.getString(1) != null && r.getString(1).startsWith("***")) masked++;
        }
        System.out.println(masked);
      }
    }
  }
}
