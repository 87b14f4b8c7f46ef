<?php
// PHP's PDO: prints all it sees. `php php_pdo.php refused`, or `php php_pdo.php SIZE COUNT`.
function connect(): PDO
{
    // libpq reads the rest from its environment.
    return new PDO('pgsql:', getenv('PGUSER'), getenv('PGPASSWORD'), [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
}

function failing(callable $work): void
{
    try {
        $work();
        echo "no error\n";
    } catch (PDOException $error) {
        echo $error->getCode(), ' ', $error->getMessage(), "\n";
    }
}

$db = connect();
if ($argv[1] === 'refused') {
    failing(fn() => $db->exec('drop table orders'));
    failing(fn() => $db->prepare('delete from orders where ?::int = 1')->execute([1]));
    echo $db->query('select count(*) from orders')->fetchColumn(), "\n";
    exit();
}
[, $size, $count] = $argv;
$db->exec('create temp table t (i int, s text, b bytea)');
$insert = $db->prepare('insert into t values (:i, :s, :b)');
$insert->bindValue(':i', 7, PDO::PARAM_INT);
$insert->bindValue(':s', "zażółć 🙂 '\\");
$insert->bindValue(':b', str_repeat("\x00\xff", $size >> 3), PDO::PARAM_LOB);
$insert->execute();
$row = $db->query('select * from t')->fetch(PDO::FETCH_ASSOC);
echo $row['i'], ' ', $row['s'], ' ', hash('sha256', stream_get_contents($row['b'])), "\n";
$one = $db->prepare('select total from orders where id = ?');
for ($i = 1; $i <= $count; $i++) {
    $one->execute([$i]);
    echo $one->fetchColumn(), ' ';
}
echo "\n";
$emulated = $db->prepare('select ?::int + 1', [PDO::ATTR_EMULATE_PREPARES => true]);
$emulated->execute([41]);
echo $emulated->fetchColumn(), "\n";
failing(fn() => $db->query('select 1/0'));
$db->beginTransaction();
failing(fn() => $db->query('select * from no_such_table'));
failing(fn() => $db->query('select 1'));
$db->rollBack();
$db->pgsqlCopyFromArray('t', array_map(fn($i) => "$i\trow $i\t\\N", range(1, 2000)));
echo hash('sha256', implode('', $db->pgsqlCopyToArray('t'))), "\n";
$db->beginTransaction();
$large = $db->pgsqlLOBCreate();
$stream = $db->pgsqlLOBOpen($large, 'w');
fwrite($stream, str_repeat('large object', 1000));
fclose($stream);
echo hash('sha256', stream_get_contents($db->pgsqlLOBOpen($large, 'r'))), "\n";
$db->pgsqlLOBUnlink($large);
$db->commit();
$scroll = $db->prepare('select id from orders order by id', [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
$scroll->execute();
echo $scroll->fetchColumn(), ' ', $scroll->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_LAST)[0], "\n";
$db->exec('listen things');
connect()->exec("notify things, 'hello'");
echo json_encode($db->pgsqlGetNotify(PDO::FETCH_NUM, 10000)[0]), "\n";
