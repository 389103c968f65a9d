"""What Python's mysql-connector does with a sandbox. Usage: clients.py PORT RELEASE [CA.pem]; the first thing that is wrong ends it with a trace."""

import sys

import mysql.connector
from mysql.connector import errorcode

PORT, RELEASE = int(sys.argv[1]), sys.argv[2]
CA = sys.argv[3] if len(sys.argv) > 3 else None


def connect(**more):
    options = dict(host="127.0.0.1", port=PORT, user="root", password="", use_pure=True, connection_timeout=20)
    options.update(dict(ssl_ca=CA, ssl_verify_cert=True, tls_versions=["TLSv1.2", "TLSv1.3"]) if CA else dict(ssl_disabled=True))
    return mysql.connector.connect(**{**options, **more})


def refused(code, state, work):
    try:
        work()
    except mysql.connector.Error as error:
        assert (error.errno, error.sqlstate) == (code, state), error
        return error.msg
    raise AssertionError("not refused")


def rows(connection, sql, *parameters, **cursor):
    with connection.cursor(**cursor) as cursor:
        cursor.execute(sql, *parameters)
        return cursor.fetchall()


# Login, refused login, a database that is there and one that is not.
root = connect()
with root.cursor() as cursor:
    for sql in (
        "CREATE DATABASE py",
        "CREATE TABLE py.sales (day DATE NOT NULL, id BIGINT NOT NULL, price DECIMAL(10, 2), note STRING, at DATETIME) "
        "DUPLICATE KEY (day, id) DISTRIBUTED BY HASH (id)",
        "CREATE USER 'teller' IDENTIFIED BY 'secret'",
        "GRANT SELECT ON ALL TABLES IN ALL DATABASES TO USER 'teller'",
    ):
        cursor.execute(sql)
text = refused(errorcode.ER_ACCESS_DENIED_ERROR, "28000", lambda: connect(user="teller", password="wrong"))
assert text == "Access denied for user 'teller' (using password: YES)", text
assert connect(user="teller", password="secret", database="py").database == "py"
refused(5501, "3F000", lambda: connect(database="nowhere"))

# Several rows in one INSERT, and how many they were; parameters the connector puts into the text itself.
with root.cursor() as cursor:
    cursor.executemany(
        "INSERT INTO py.sales (day, id, price, note, at) VALUES (%s, %s, %s, %s, %s)",
        [("2026-03-01", 1, "9.50", "it's \\ 'quoted'", "2026-03-01 10:00:00"), ("2026-03-02", 2, None, None, None)],
    )
    assert cursor.rowcount == 2, cursor.rowcount
root.commit()
found = rows(root, "SELECT day, id, price, note, at FROM py.sales WHERE id = %s", (1,))
assert repr(found) == (
    "[(datetime.date(2026, 3, 1), 1, Decimal('9.50'), \"it's \\\\ 'quoted'\", datetime.datetime(2026, 3, 1, 10, 0))]"
), found

# A refusal has a code and a state, and the connection goes on.
text = refused(5502, "42602", lambda: rows(root, "SELECT * FROM py.nothing"))
assert "Unknown table" in text, text
root.ping()

# Prepared: queries only, and no positive number, which the connector sends as an unsigned one: StarRocks takes the flag for part of the type.
query = "SELECT id, day, note FROM py.sales WHERE id >= ? ORDER BY id"
text = refused(1064, "HY000", lambda: rows(root, query, (1,), prepared=True))
assert "unknown mysql type code 32769" in text, text
found = rows(root, query, ("1",), prepared=True)
assert repr(found[0][:2]) == "(1, datetime.date(2026, 3, 1))" and found[1][2] is None, found
refused(1295, "HY000", lambda: rows(root, "SHOW DATABASES", (), prepared=True))

# Several statements in one text.
with root.cursor() as cursor:
    cursor.execute("SELECT 1; SELECT 2")
    sets = [cursor.fetchall()]
    while cursor.nextset():
        sets.append(cursor.fetchall())
assert sets == [[(1,)], [(2,)]], sets

# Another user, and back to the beginning.
root.database = "py"
root.cmd_change_user("teller", "secret", "py")
assert rows(root, "SELECT CURRENT_USER()")[0][0].startswith("'teller'"), "CURRENT_USER"
root.cmd_change_user("root", "", "py")
with root.cursor() as cursor:
    cursor.execute("SET query_timeout = 9")
root.reset_session() if RELEASE >= "3.4" else root.cmd_change_user("root", "", "py")
assert rows(root, "SELECT @@query_timeout, DATABASE()") == [(300, "py")]

# A pool resets what it lends.
pool = mysql.connector.pooling.MySQLConnectionPool(
    pool_size=2, pool_name="p", pool_reset_session=True, **{"host": "127.0.0.1", "port": PORT, "user": "root", "password": "", "use_pure": True}
)
for _ in range(3):
    with pool.get_connection() as lent:
        assert rows(lent, "SELECT 1") == [(1,)]

if CA:
    assert root.is_secure if isinstance(root.is_secure, bool) else root.is_secure(), "not under TLS"
print("done")
