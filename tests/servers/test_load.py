"""Reading pgbench's log and messages; the load as a value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.servers import load

RAN = (100.0, 105.0)


def read(*logs: bytes, said: str = "", clients: int = 2, rated: bool = False) -> load.Load:
    return load.read(logs, said, clients=clients, rated=rated, version="18.4", ran=RAN)


def test_transactions_of_all_threads_come_in_the_order_of_their_end() -> None:
    seen = read(b"0 1 2000 0 1000 500000\n0 2 1000 0 1002 0\n", b"1 1 500000 0 1001 250000\n")
    assert seen.client.tolist() == [0, 1, 0]
    assert seen.finished_at.tolist() == [1000.5, 1001.25, 1002.0]
    assert seen.latencies_ms.tolist() == [2.0, 500.0, 1.0]
    assert seen.began_at == pytest.approx(1000.498)
    assert seen.ended_at == 1002.0
    assert seen.tps == pytest.approx(3 / 1.502)
    assert seen.lags_ms is None


def test_with_a_rate_the_lag_is_read_and_a_column_of_retries_is_not_taken_for_it() -> None:
    seen = read(b"0 1 483 0 1000 0 88 0\n1 1 316 0 1000 5 85 7\n", rated=True)
    assert seen.lags_ms is not None
    assert seen.lags_ms.tolist() == [0.088, 0.085]


def test_retries_without_a_rate_are_no_lag() -> None:
    assert read(b"0 1 483 0 1000 0 3\n").lags_ms is None


def test_a_transaction_without_a_time_is_a_failure_with_its_reason() -> None:
    seen = read(
        b"0 1 10 0 1000 0\n0 2 deadlock 0 1000 1\n1 1 serialization 0 1000 2\n"
        b"1 2 serialization 0 1000 3\n1 3 failed 0 1000 4\n0 3 skipped 0 1000 5\n"
    )
    assert seen.transactions == 1
    assert seen.messages == {
        "deadlock detected": 1,
        "serialization failure": 2,
        "transaction failed": 1,
        "skipped": 1,
    }
    assert seen.failures == 5


def test_a_line_that_was_cut_off_is_left_out() -> None:
    assert read(b"0 1 10 0 1000 0\n0 2 20 0 10").transactions == 1


def test_nothing_finished() -> None:
    seen = read(b"", b"")
    assert (seen.transactions, seen.tps, seen.seconds) == (0, 0.0, 5.0)
    assert seen.warm_at() is None
    assert seen.warm() is None
    with pytest.raises(ValueError, match="no transaction"):
        seen.quantile(0.5)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "pgbench: error: client 3 script 0 aborted in command 1 query 0: ERROR:  out of shared memory",
            "out of shared memory",
        ),
        (
            "pgbench: error: client 0 aborted in command 0 (SQL) of script 0; perhaps the backend died "
            "while processing",
            "perhaps the backend died while processing",
        ),
        (
            'pgbench: error: connection to server on socket "/tmp/x/.s.PGSQL.5432" failed: FATAL:  sorry, '
            "too many clients already",
            "sorry, too many clients already",
        ),
    ],
)
def test_messages_lose_severity_client_and_command(line: str, message: str) -> None:
    said = f"pgbench (18.4)\n{line}\nHINT:  You might need to increase something.\n{line}\n"
    assert load.messages(said) == {message: 2}


def test_an_ordinary_report_has_no_messages() -> None:
    said = "pgbench (18.4)\nnumber of failed transactions: 0 (0.000%)\ntps = 70 (without initial)"
    assert load.messages(said) == {}


def test_warm_from_when_the_slowest_client_has_finished_three() -> None:
    quick = b"".join(b"0 %d 1000 0 %d 0\n" % (n, 1000 + n) for n in range(8))
    slow = b"".join(b"1 %d 1000 0 %d 500000\n" % (n, 1000 + 2 * n) for n in range(4))
    seen = read(quick, slow)
    assert seen.warm_at() == 1004.5
    assert seen.warm_at(transactions=5) is None
    warm = seen.warm()
    assert warm is not None
    assert warm.finished_at.tolist() == [1005.0, 1006.0, 1006.5, 1007.0]
    assert warm.began_at == 1004.5
    assert warm.tps == pytest.approx(4 / 2.5)


def test_a_client_that_never_finishes_is_never_warm() -> None:
    assert read(b"0 1 1 0 1000 0\n0 2 1 0 1000 1\n0 3 1 0 1000 2\n", clients=2).warm_at() is None


@given(
    times=st.lists(st.integers(0, 10**8), min_size=1, max_size=50),
    threads=st.integers(1, 4),
)
def test_however_threads_share_the_work_nothing_is_lost(times: list[int], threads: int) -> None:
    lines = [b"%d %d %d 0 %d %d" % (i % 3, i, t, 1000 + i // 7, i) for i, t in enumerate(times)]
    logs = [b"\n".join([*lines[i::threads], b""]) for i in range(threads)]
    seen = read(*logs, clients=3)
    assert sorted(seen.latencies_ms.tolist()) == sorted(t / 1e3 for t in times)
    assert bool(np.all(np.diff(seen.finished_at) >= 0))
    moment = float(seen.finished_at[len(times) // 2])
    assert seen.after(moment).transactions == sum(seen.finished_at > moment)
