import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.security.MessageDigest;
import java.sql.*;
import java.util.*;
import org.postgresql.PGConnection;

/** JDBC: prints all it sees. `Jdbc refused`, or `Jdbc SIZE COUNT OPTIONS…`: all again under each, as they stand in a URL. */
public class Jdbc {
  static int size;
  static int count;
  static String options = "";

  static Connection connect() throws SQLException {
    String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE")
        + "?sslmode=verify-full&sslrootcert=" + System.getenv("PGSSLROOTCERT") + options;
    return DriverManager.getConnection(url, System.getenv("PGUSER"), System.getenv("PGPASSWORD"));
  }

  public static void main(String[] args) throws Exception {
    if (args[0].equals("refused")) {
      refused();
      return;
    }
    size = Integer.parseInt(args[0]);
    count = Integer.parseInt(args[1]);
    for (int i = 2; i < args.length; i++) everything(args[i]);
  }

  static void everything(String under) throws Exception {
    options = under;
    System.out.println("## " + under);
    try (Connection db = connect()) {
      values(db);
      statements(db);
      batches(db);
      copies(db);
      cursors(db);
      interrupts(db);
      notifications(db);
      catalog(db);
    }
  }

  static void refused() throws Exception {
    try (Connection db = connect(); Statement s = db.createStatement()) {
      failing(() -> s.execute("drop table orders"));
      try (PreparedStatement p = db.prepareStatement("delete from orders where ? = ?")) {
        p.setInt(1, 1);
        p.setInt(2, 1);
        failing(p::execute);
      }
      s.addBatch("insert into notes (body) values ('in one batch')");
      s.addBatch("drop table orders");
      failing(s::executeBatch);
      show(s.executeQuery("select count(*) from orders"));
    }
  }

  interface Work { void run() throws Exception; }

  static void failing(Work work) throws Exception {
    try {
      work.run();
      System.out.println("no error");
    } catch (SQLException error) {
      SQLException inner = error.getNextException() == null ? error : error.getNextException();
      System.out.println(inner.getSQLState() + " " + inner.getMessage());
    }
  }

  static void show(ResultSet r) throws Exception {
    StringBuilder line = new StringBuilder();
    int columns = r.getMetaData().getColumnCount();
    while (r.next()) {
      for (int i = 1; i <= columns; i++) {
        Object value = r.getObject(i);
        line.append(value instanceof byte[] ? sha((byte[]) value) : String.valueOf(value)).append(i < columns ? "|" : " ");
      }
    }
    r.close();
    System.out.println(line);
  }

  static String sha(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) bytes[i] = (byte) (i * 31);
    return bytes;
  }

  static void values(Connection db) throws Exception {
    try (Statement s = db.createStatement()) {
      s.execute("create temp table t (i int, n numeric, s text, b bytea, w timestamptz, u uuid, a int[])");
    }
    try (PreparedStatement p = db.prepareStatement("insert into t values (?, ?, ?, ?, ?, ?, ?)")) {
      p.setInt(1, 7);
      p.setBigDecimal(2, new java.math.BigDecimal("1.50"));
      p.setString(3, "zażółć \uD83D\uDE42 '\\");
      // pgjdbc writes no bytes into the text of a simple query.
      p.setBytes(4, options.contains("simple") ? null : bytes(size / 4));
      p.setTimestamp(5, new Timestamp(1_700_000_000_000L));
      p.setObject(6, UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"));
      p.setArray(7, db.createArrayOf("int4", new Integer[] {1, null, 3}));
      System.out.println(p.executeUpdate());
    }
    for (int i = 0; i < 7; i++) {
      // From the fifth on it is prepared at the server, and binary.
      try (PreparedStatement p = db.prepareStatement("select * from t where i = ?")) {
        p.setInt(1, 7);
        show(p.executeQuery());
      }
    }
    try (PreparedStatement p = db.prepareStatement("select decode(repeat('00ff', ?), 'hex')")) {
      p.setInt(1, size / 2);
      show(p.executeQuery());
    }
  }

  static void statements(Connection db) throws Exception {
    try (PreparedStatement p = db.prepareStatement("select total from orders where id = ?")) {
      for (int i = 1; i <= count; i++) {
        p.setInt(1, i);
        show(p.executeQuery());
      }
    }
    try (Statement s = db.createStatement()) {
      boolean rows = s.execute("select 1; create temp table several (a int); insert into several values (1), (2); select * from several");
      for (; rows || s.getUpdateCount() != -1; rows = s.getMoreResults()) {
        if (rows) show(s.getResultSet());
        else System.out.println("changed " + s.getUpdateCount());
      }
      failing(() -> s.executeQuery("select 1/0"));
      failing(() -> s.executeQuery("select * from no_such_table"));
      s.execute("do $$ begin raise notice 'one'; raise warning 'two'; end $$");
      for (SQLWarning w = s.getWarnings(); w != null; w = w.getNextWarning()) System.out.println(w.getSQLState() + " " + w.getMessage());
    }
  }

  static void batches(Connection db) throws Exception {
    try (PreparedStatement p = db.prepareStatement("insert into t (i, s) values (?, ?)")) {
      for (int i = 0; i < 1000; i++) {
        p.setInt(1, i);
        p.setString(2, "jdbc " + i);
        p.addBatch();
      }
      System.out.println("batch " + p.executeBatch().length);
    }
    try (PreparedStatement p = db.prepareStatement("insert into t (i) values (?) returning i", Statement.RETURN_GENERATED_KEYS)) {
      for (int i = 0; i < 10; i++) {
        p.setInt(1, -i);
        p.addBatch();
      }
      p.executeBatch();
      show(p.getGeneratedKeys());
    }
    db.setAutoCommit(false);
    try (PreparedStatement p = db.prepareStatement("insert into orders values (?, 'x', 1)")) {
      for (int i : new int[] {9001, 9002, 1, 9003}) {
        p.setInt(1, i);
        p.addBatch();
      }
      failing(p::executeBatch);
    }
    try (Statement s = db.createStatement()) {
      failing(() -> s.executeQuery("select 1"));
      db.rollback();
      Savepoint point = db.setSavepoint("here");
      failing(() -> s.executeQuery("select 1/0"));
      db.rollback(point);
      show(s.executeQuery("select count(*) from t"));
    }
    db.rollback();
    db.setAutoCommit(true);
  }

  static void copies(Connection db) throws Exception {
    var copy = db.unwrap(PGConnection.class).getCopyAPI();
    System.out.println(copy.copyIn("copy t (i) from stdin", new StringReader("1\n2\n3\n")));
    var out = new ByteArrayOutputStream();
    System.out.println(copy.copyOut("copy (select i, s from t order by i, s) to stdout (format binary)", out));
    System.out.println(sha(out.toByteArray()));
    System.out.println(copy.copyIn("copy t (i, s) from stdin (format binary)", new ByteArrayInputStream(out.toByteArray())));
    failing(() -> copy.copyIn("copy t (i) from stdin", new StringReader("x\n")));
    var half = copy.copyIn("copy t (i) from stdin");
    half.writeToCopy("1\n".getBytes(), 0, 2);
    half.cancelCopy();
    System.out.println(half.isActive());
  }

  /** Two portals, each read in parts, in turn. */
  static void cursors(Connection db) throws Exception {
    db.setAutoCommit(false);
    try (PreparedStatement one = db.prepareStatement("select id from orders order by id");
        PreparedStatement two = db.prepareStatement("select id, total from orders order by id desc")) {
      one.setFetchSize(500);
      two.setFetchSize(700);
      long sum = 0;
      int rows = 0;
      try (ResultSet a = one.executeQuery(); ResultSet b = two.executeQuery()) {
        while (a.next() && b.next()) {
          sum += (long) a.getInt(1) * b.getInt(1) % 97;
          rows++;
        }
      }
      System.out.println(rows + " " + sum);
    }
    db.commit();
    db.setAutoCommit(true);
  }

  static void interrupts(Connection db) throws Exception {
    try (Statement s = db.createStatement()) {
      new Timer(true).schedule(new TimerTask() {
        public void run() {
          try { s.cancel(); } catch (SQLException ignored) { }
        }
      }, 300);
      failing(() -> s.execute("select pg_sleep(20)"));
      s.setQueryTimeout(1);
      failing(() -> s.execute("select pg_sleep(20)"));
      s.setQueryTimeout(0);
      show(s.executeQuery("select 'alive'"));
    }
  }

  static void notifications(Connection db) throws Exception {
    try (Statement s = db.createStatement()) {
      s.execute("listen things");
      try (Connection other = connect(); Statement o = other.createStatement()) {
        for (int i = 0; i < 3; i++) o.execute("select pg_notify('things', '" + i + "')");
      }
      int heard = 0;
      for (int i = 0; i < 50 && heard < 3; i++) {
        for (var n : db.unwrap(PGConnection.class).getNotifications(200)) {
          heard++;
          System.out.println(n.getName() + " " + n.getParameter());
        }
      }
      s.execute("unlisten *");
    }
  }

  /** What every console of a tool asks first. */
  static void catalog(Connection db) throws Exception {
    DatabaseMetaData m = db.getMetaData();
    show(m.getTables(null, "public", "orders", null));
    show(m.getColumns(null, "public", "orders", null));
    show(m.getPrimaryKeys(null, "public", "orders"));
    show(m.getIndexInfo(null, "public", "orders", false, true));
  }
}
