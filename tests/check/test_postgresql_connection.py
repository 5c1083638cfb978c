"""What is told of a connection that could not be made."""

from earwitness.check.postgresql_connection import told_once

REFUSED = (
    'connection to server at "127.0.0.1", port 5432 failed: FATAL:  password authentication failed'
)
NOBODY = 'connection to server at "::1", port 5433 failed: Connection refused'
HINT = "Is the server running on that host and accepting TCP/IP connections?"


def test_what_libpq_tries_with_and_without_tls_is_told_once() -> None:
    assert told_once(f"connection failed: {REFUSED}\n{REFUSED}") == REFUSED


def test_of_several_hosts_each_is_told_once_and_in_order() -> None:
    said = (
        f"connection failed: {NOBODY}\n\t{HINT}\n"
        "Multiple connection attempts failed. All failures were:\n"
        f"- host: 'a', port: '5432', hostaddr: '127.0.0.1': connection failed: {REFUSED}\n{REFUSED}\n"
        f"- host: 'b', port: '5433', hostaddr: '::1': connection failed: {NOBODY}\n\t{HINT}"
    )
    assert told_once(said).splitlines() == [REFUSED, NOBODY.replace("c", "C", 1), HINT]


def test_what_is_said_in_other_words_stays() -> None:
    assert told_once("connection timeout expired") == "connection timeout expired"
    assert told_once("a\nb") == "a\nb"
