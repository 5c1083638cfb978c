"""The check of directories and servers for this claim, on real disks, and on one of our own.

Our own disk is what the plug-pull test is calibrated with: honest it has to pass, lying to be caught.
It needs root; elsewhere those tests are skipped with the reason.
"""

import contextlib
import ctypes.util
import dataclasses
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from earwitness.check import kinds, runner, storage
from earwitness.check.evidence import Evidence
from earwitness.check.runner import Check
from earwitness.check.target import NotSeen
from earwitness.claims import registry
from earwitness.claims.fsync import places, plug_pull, plug_record, probing
from earwitness.claims.fsync.evidence import Verified
from earwitness.claims.fsync.plug_listener import Listener
from earwitness.servers import workspace as workspace_module
from earwitness.servers.disk import disk, volatile
from earwitness.servers.disk.disk import Mount, Unmountable
from earwitness.servers.disk.volatile import Cache, Writes
from earwitness.servers.postgres import Binaries, running
from earwitness.servers.process import MissingComponent
from tests.conftest import CommandLine

SIZE = 64 << 20
ROOMY = 1 << 20


def check_of(kind: str) -> Check:
    (found,) = [check for check in registry.find("fsync").checks if check.kind == kind]
    return found


def seen(address: str, **options: str) -> Evidence:
    kind, target = kinds.recognise(address)
    check = check_of(kind.name).with_options(options)
    target = dataclasses.replace(target, options=options)
    return runner.gather(kind, target, (check,), budget=kind.budget, version="1")


def sorts(evidence: Evidence) -> set[str]:
    judgement = runner.judge(evidence, {"fsync": check_of("directory").judge})
    assert judgement.not_judged == ()
    return {finding.id.partition("/")[2] for finding in judgement.findings}


@pytest.fixture
def own_disk(workspace: Path) -> Iterator[tuple[disk.Disk, Mount, Path]]:
    """Our disk, mounted; with the image that it began with."""
    image = workspace / "image"
    try:
        disk.format_image(disk.find(), image, SIZE)
        with disk.served(image, workspace) as served:
            inside = served.process
            with disk.mounted(served.file, workspace, name="fs", inside=inside) as mount:
                yield served, mount, image
    except MissingComponent as missing:
        pytest.skip(missing.reason)


# Directories


def test_looking_at_a_directory_writes_nothing_there(tmp_path: Path) -> None:
    before = (tmp_path.stat().st_mtime_ns, list(tmp_path.iterdir()))
    evidence = seen(str(tmp_path))
    assert (tmp_path.stat().st_mtime_ns, list(tmp_path.iterdir())) == before
    assert evidence.reached
    (place,) = evidence.claims["fsync"]["places"]
    assert place["mount"]["kind"] == evidence.facts["file system"]
    assert sorts(evidence)


def test_memory_is_called_memory() -> None:
    shm = Path("/dev/shm")
    if not os.path.ismount(shm):
        pytest.skip("there is no /dev/shm")
    assert "in-memory" in sorts(seen(str(shm)))


def test_links_that_lead_out_of_a_data_folder_are_places_of_their_own(tmp_path: Path) -> None:
    if not os.path.ismount("/dev/shm"):
        pytest.skip("there is no second file system")
    elsewhere = Path("/dev/shm") / f"earwitness-test-{os.getpid()}"
    elsewhere.mkdir()
    try:
        (tmp_path / "PG_VERSION").write_text("18")
        (tmp_path / "pg_wal").symlink_to(elsewhere)
        evidence = seen(str(tmp_path))
        roles = [place["role"] for place in evidence.claims["fsync"]["places"]]
        assert roles == ["directory", "write-ahead log"]
    finally:
        elsewhere.rmdir()


def test_a_library_that_swallows_syncs_is_seen_in_who_is_at_work_there(tmp_path: Path) -> None:
    library = ctypes.util.find_library("m")
    lines = Path("/proc/self/maps").read_text().splitlines()
    paths = {line.split()[-1] for line in lines if library and f"/{library.split('.')[0]}" in line}
    real = next((path for path in sorted(paths) if Path(path).exists()), None)
    if real is None:
        pytest.skip("no shared library to copy was found")
    copied = tmp_path / "libeatmydata.so"
    shutil.copyfile(real, copied)
    asleep = [sys.executable, "-I", "-c", "print('up', flush=True); import time; time.sleep(60)"]
    environment = {**os.environ, "LD_PRELOAD": str(copied)}
    process = subprocess.Popen(asleep, cwd=tmp_path, env=environment, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline()
        around = places.surroundings(tmp_path)
        assert around.processes_seen >= 1
        assert around.suspects == ("eatmydata.so",)
    finally:
        process.kill()
        process.communicate()
    assert places.surroundings(tmp_path).suspects == ()


def test_a_probe_times_every_way_and_leaves_nothing(tmp_path: Path) -> None:
    found = probing.probe(tmp_path, (), rounds=2, pause=0.0)
    assert list(tmp_path.iterdir()) == []
    assert found.stopped is None
    names = {one.method for one in found.timed}
    assert {"fdatasync", "fsync", "O_DSYNC", "O_SYNC", "msync", "write alone"} <= names
    assert {one.size for one in found.timed} == {8192, 16384}
    for one in found.timed:
        assert one.count == sum(count for _, count in one.histogram) == 2
        assert one.least <= one.median <= one.p99 <= one.most
    assert found.written_bytes <= probing.WRITTEN_BYTES


def test_a_probe_of_our_disk_counts_its_flushes(
    own_disk: tuple[disk.Disk, Mount, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, mount, _ = own_disk
    monkeypatch.setattr(probing, "_FREE_BYTES", 1 << 20)
    found = probing.probe(mount.from_here, (mount.device.name,), rounds=1, pause=0.0)
    flushes = {one.method: one.flushes for one in found.timed}
    for method in ("fdatasync", "O_DSYNC", "O_DIRECT and O_DSYNC", "RWF_DSYNC", "msync"):
        counted = flushes[method]
        assert counted is not None
        assert counted >= 1, method
    for method in ("write alone", "O_DIRECT alone", "sync_file_range alone"):
        assert flushes[method] == 0, method


def test_a_device_that_gets_no_flush_is_caught_by_counting(
    own_disk: tuple[disk.Disk, Mount, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, mount, _ = own_disk
    monkeypatch.setattr(probing, "_FREE_BYTES", 1 << 20)
    setting = Path("/sys/block") / mount.device.name / "queue/write_cache"
    setting.write_text("write through")
    try:
        found = probing.probe(mount.from_here, (mount.device.name,), rounds=1, pause=0.0)
    finally:
        setting.write_text("write back")
    durable = [one for one in found.timed if one.durable]
    assert durable
    assert all(one.flushes == 0 for one in durable)


def test_a_probe_stops_when_the_devices_are_waited_for(tmp_path: Path) -> None:
    readings = iter([1.0, 1.0, *[80.0] * 1000])
    found = probing.probe(tmp_path, (), rounds=50, pause=0.0, pressure=lambda: next(readings))
    assert found.stopped is not None
    assert "80 %" in found.stopped


def test_a_probe_ends_with_its_time(tmp_path: Path) -> None:
    found = probing.probe(tmp_path, (), rounds=10_000, seconds=0.0, pause=0.0)
    assert found.stopped == "the time was up"


def test_nothing_is_written_where_there_is_little_room(
    own_disk: tuple[disk.Disk, Mount, Path],
) -> None:
    _, mount, _ = own_disk
    with pytest.raises(NotSeen, match="are free"):
        probing.probe(mount.from_here, ())


def test_a_full_disk_is_said_and_left_as_it_was(
    own_disk: tuple[disk.Disk, Mount, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, mount, _ = own_disk
    monkeypatch.setattr(probing, "_require_room", lambda _: None)
    filler = mount.from_here / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(
            file.fileno(), 0, os.statvfs(mount.from_here).f_bavail * 4096 - (8 << 20)
        )
    with pytest.raises(NotSeen, match="No space left"):
        probing.probe(mount.from_here, ())
    assert {path.name for path in mount.from_here.iterdir()} == {"lost+found", "filler"}


def test_what_may_not_be_written_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "_require_room", lambda _: None)
    with pytest.raises(NotSeen, match="no file can be made here"):
        probing.probe(Path("/proc/self"), ())


def test_the_plan_names_bytes_and_files_and_writes_none(
    earwitness: CommandLine, tmp_path: Path
) -> None:
    asked = ("--probe", "--plug-pull", "other.example:7007")
    planned = earwitness("check", str(tmp_path), "--plan", "--format", "json", *asked)
    assert planned.returncode == 0, planned.stderr
    document = json.loads(planned.stdout)
    probed, pulled = document["writes"]
    assert f"{probing.WRITTEN_BYTES:,} bytes to one file without a name" in probed
    assert plug_pull.FILE_NAME in pulled
    assert f"{plug_pull.FILE_BYTES:,} bytes" in pulled
    assert document["budget"]["seconds"] == 30 + 60 + 600
    assert list(tmp_path.iterdir()) == []
    without = json.loads(earwitness("check", str(tmp_path), "--plan", "--format", "json").stdout)
    assert without["writes"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--probe", "postgresql://h/d"), "means nothing"),
        (("--plug-pull", "here", "/"), "HOST:PORT"),
        (("--plug-pull", "here:99999", "/"), "a port from 1 to 65535"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    arguments: tuple[str, ...], words: str, earwitness: CommandLine
) -> None:
    refused = earwitness("check", "--claim", "fsync", *arguments)
    assert refused.returncode == 2
    assert words in refused.stderr


def test_a_directory_from_the_command_line(earwitness: CommandLine, tmp_path: Path) -> None:
    done = earwitness("check", str(tmp_path), "--format", "json")
    assert done.returncode in (0, 1)
    document = json.loads(done.stdout)
    assert document["kind"] == "directory"
    assert document["claims"] == ["fsync"]
    assert earwitness("check", str(tmp_path / "none")).returncode == 2


def test_a_directory_that_may_not_be_read_is_partly_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "is_open", lambda _: False)
    evidence = seen("/")
    assert evidence.claims["fsync"]["places"]
    (missed,) = evidence.not_seen
    assert not missed.essential or "owner" in missed.needs


# The plug


@contextlib.contextmanager
def listening(
    memory: Path, port: int = 0, heard: Callable[[int], None] = lambda _: None
) -> Iterator[Listener]:
    listener = Listener("127.0.0.1", port, memory, heard=heard)
    thread = threading.Thread(target=listener.serve)
    thread.start()
    try:
        yield listener
    finally:
        listener.close()
        thread.join()


def after(
    image: Path,
    workspace: Path,
    writes: Writes,
    told: tuple[bytes, int, int],
    cache: Cache,
    name: str,
) -> Verified:
    """What the verification says of what a cut at this instant left; the file may be gone."""
    run, instant, safe = told
    luck = volatile.draw(np.random.default_rng(instant % 1000), len(writes))
    pieces = volatile.left(writes, instant, cache, luck)
    content = b""
    with (
        disk.in_memory(image, pieces) as state,
        contextlib.suppress(Unmountable),
        disk.mounted(state, workspace, name=name) as mount,
        contextlib.suppress(OSError),
    ):
        content = (mount.from_here / plug_pull.FILE_NAME).read_bytes()
    methods = [method.name for method in plug_pull.DURABLE]
    return plug_record.compared(content, run, safe, methods)


@pytest.mark.parametrize("atom", volatile.ATOMS_BYTES)
def test_on_an_honest_disk_the_plug_test_finds_nothing_and_a_liar_is_caught(
    atom: int, own_disk: tuple[disk.Disk, Mount, Path], workspace: Path
) -> None:
    served, mount, image = own_disk
    history: list[tuple[int, int]] = []

    def heard(number: int) -> None:
        history.append((time.monotonic_ns(), number))

    with listening(workspace / "memory", heard=heard) as listener:
        plug_pull.write(mount.from_here, listener.address, seconds=1.5)
        run = plug_record.run_of((mount.from_here / plug_pull.FILE_NAME).read_bytes())
    assert run is not None
    writes = volatile.by_block(served.records())
    assert len(history) > 30
    caught = 0
    for number, place in enumerate((0.3, 0.6, 0.95)):
        at, safe = history[int(place * len(history))]
        found = {
            honest: after(
                image,
                workspace,
                writes,
                (run, at, safe),
                Cache(honest, ROOMY, window_ns=100_000_000, atom_bytes=atom),
                f"left-{number}-{honest}",
            )
            for honest in (True, False)
        }
        assert (found[True].lost, found[True].torn) == (0, 0)
        assert found[True].acknowledged == safe
        caught += found[False].lost + found[False].torn > 0
    assert caught, "the liar got away three times"


def test_the_same_command_writes_and_verifies(tmp_path: Path) -> None:
    with listening(tmp_path / "memory") as listener:
        written = plug_pull.write(tmp_path, listener.address, seconds=0.3)
        assert written > 0
        found = plug_pull.write_or_verify(tmp_path, listener.address)
    assert found.acknowledged == written
    assert (found.lost, found.torn, found.restarted) == (0, 0, False)
    assert not (tmp_path / plug_pull.FILE_NAME).exists()


def test_a_machine_that_was_started_anew_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(tmp_path / "memory") as listener:
        plug_pull.write(tmp_path, listener.address, seconds=0.1)
        monkeypatch.setattr(plug_pull, "_boot", lambda: "another")
        found = plug_pull.verify(tmp_path, listener.address)
    assert found is not None
    assert found.restarted


def test_a_listener_that_was_started_again_still_knows(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    with listening(memory) as listener:
        written = plug_pull.write(tmp_path, listener.address, seconds=0.2)
    with listening(memory) as listener:
        found = plug_pull.verify(tmp_path, listener.address)
    assert found is not None
    assert found.acknowledged == written


def test_a_listener_that_is_away_for_a_moment_is_told_the_rest(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    begun = threading.Event()
    with listening(memory, heard=lambda _: begun.set()) as listener:
        address = listener.address
        port = int(address.rpartition(":")[2])
        written: list[int] = []
        writer = threading.Thread(
            target=lambda: written.append(plug_pull.write(tmp_path, address, seconds=1.5))
        )
        writer.start()
        assert begun.wait(20)
    with listening(memory, port) as listener:
        writer.join()
        found = plug_pull.verify(tmp_path, address)
    assert found is not None
    assert found.acknowledged == written[0]
    assert (found.lost, found.torn) == (0, 0)


def test_a_listener_that_is_started_again_seconds_later_is_waited_for(tmp_path: Path) -> None:
    memory, begun = tmp_path / "memory", threading.Event()
    with ThreadPoolExecutor() as pool:
        with listening(memory, heard=lambda _: begun.set()) as listener:
            address = listener.address
            writer = pool.submit(plug_pull.write, tmp_path, address, seconds=3.0)
            assert begun.wait(20)
        time.sleep(1.5)  # several vain attempts to connect
        with listening(memory, int(address.rpartition(":")[2])):
            written = writer.result()
            found = plug_pull.verify(tmp_path, address)
    assert found is not None
    assert found.acknowledged == written
    assert (found.lost, found.torn) == (0, 0)


def test_a_listener_that_lost_its_memory_promises_nothing(tmp_path: Path) -> None:
    begun = threading.Event()
    with ThreadPoolExecutor() as pool:
        with listening(tmp_path / "memory", heard=lambda _: begun.set()) as listener:
            address = listener.address
            writer = pool.submit(plug_pull.write, tmp_path, address, seconds=30.0)
            assert begun.wait(20)
        with (
            listening(tmp_path / "empty", int(address.rpartition(":")[2])),
            pytest.raises(NotSeen, match="no longer knows"),
        ):
            writer.result()


def test_the_same_command_twice_at_once_judges_nothing_and_removes_nothing(tmp_path: Path) -> None:
    begun = threading.Event()
    with (
        listening(tmp_path / "memory", heard=lambda _: begun.set()) as listener,
        ThreadPoolExecutor() as pool,
    ):
        writer = pool.submit(plug_pull.write, tmp_path, listener.address, seconds=1.0)
        assert begun.wait(20)
        with pytest.raises(NotSeen, match="at work on"):
            plug_pull.write_or_verify(tmp_path, listener.address)
        assert (tmp_path / plug_pull.FILE_NAME).exists()
        written = writer.result()
        found = plug_pull.verify(tmp_path, listener.address)
    assert found is not None
    assert (found.acknowledged, found.lost, found.torn) == (written, 0, 0)


@contextlib.contextmanager
def stranger(answer: bytes | None) -> Iterator[str]:
    """A service that is no listener: says this to everybody, or what was said to it."""

    def talk(listening_on: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening_on.accept()
                with connection:
                    connection.sendall(connection.recv(1000) if answer is None else answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=talk, args=(server,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-Server\r\n",
        b"\xff\xfe\x00\n",
        b"[1, 2]\n",
        b"7",
        b'{"run": 1}\n',
        b'{"heard": true}\n',
        b"",
        None,
    ],
)
def test_a_service_that_is_no_listener_is_said_in_words(
    answer: bytes | None, tmp_path: Path
) -> None:
    with stranger(answer) as address, pytest.raises(NotSeen, match="no earwitness listener"):
        plug_pull.write_or_verify(tmp_path, address)
    assert list(tmp_path.iterdir()) == []


def test_without_a_listener_no_other_finding_is_lost(tmp_path: Path) -> None:
    with stranger(b"SSH-2.0-Server\r\n") as address:
        evidence = seen(str(tmp_path), **{"plug-pull": address})
    assert evidence.claims["fsync"]["places"]
    assert "no earwitness listener answers" in evidence.not_seen[-1].reason


def test_nonsense_ends_a_connection_and_not_the_listener(tmp_path: Path) -> None:
    with listening(tmp_path / "memory") as listener:
        for nonsense in (b"not json\n", b"[1, 2]\n", b'{"run": "x", "safe": 3}\n'):
            with socket.create_connection(plug_pull.split(listener.address)) as connection:
                connection.sendall(nonsense)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(100)
        assert plug_pull.write(tmp_path, listener.address, seconds=0.1) > 0


def test_a_listener_that_knows_nothing_judges_nothing(tmp_path: Path) -> None:
    with listening(tmp_path / "one") as listener:
        plug_pull.write(tmp_path, listener.address, seconds=0.1)
    with listening(tmp_path / "other") as listener, pytest.raises(NotSeen, match="knows nothing"):
        plug_pull.verify(tmp_path, listener.address)
    assert (tmp_path / plug_pull.FILE_NAME).exists()


def test_a_file_that_is_gone_after_the_cut_is_all_lost(tmp_path: Path) -> None:
    with listening(tmp_path / "memory") as listener:
        written = plug_pull.write(tmp_path, listener.address, seconds=0.2)
        (tmp_path / plug_pull.FILE_NAME).unlink()
        found = plug_pull.write_or_verify(tmp_path, listener.address)
        assert found.acknowledged == written
        assert found.lost == found.judged > 0
        assert plug_pull.verify(tmp_path, listener.address) is None, "that was told"


def test_a_file_whose_blocks_never_came_is_all_lost(tmp_path: Path) -> None:
    with listening(tmp_path / "memory") as listener:
        plug_pull.write(tmp_path, listener.address, seconds=0.2)
        (tmp_path / plug_pull.FILE_NAME).write_bytes(bytes(plug_pull.FILE_BYTES))
        found = plug_pull.write_or_verify(tmp_path, listener.address)
    assert found.lost + found.torn >= found.judged - 1
    assert found.judged > 0


def test_without_a_listener_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(NotSeen, match="cannot be reached"):
        plug_pull.write_or_verify(tmp_path, "127.0.0.1:1")
    assert list(tmp_path.iterdir()) == []


def test_a_power_cut_that_never_came_is_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plug_pull, "LONGEST_SECONDS", 0.2)
    with (
        listening(tmp_path / "memory") as listener,
        pytest.raises(NotSeen, match="did not go"),
    ):
        plug_pull.write_or_verify(tmp_path, listener.address)
    assert not (tmp_path / plug_pull.FILE_NAME).exists()


def test_somebody_elses_file_of_that_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / plug_pull.FILE_NAME).write_bytes(b"mine")
    with (
        listening(tmp_path / "memory") as listener,
        pytest.raises(NotSeen, match="knows nothing"),
    ):
        plug_pull.write_or_verify(tmp_path, listener.address)
    assert (tmp_path / plug_pull.FILE_NAME).read_bytes() == b"mine"


def test_the_listener_from_the_command_line(earwitness: CommandLine, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    process = earwitness.start("listen", "0", "--host", "127.0.0.1", "--memory", str(memory))
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[2].rstrip(";")
        assert plug_pull.write(tmp_path, address, seconds=0.2) > 0
        found = plug_pull.verify(tmp_path, address)
        assert found is not None
        assert found.lost == 0
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_a_listener_that_could_remember_nothing_does_not_start(
    earwitness: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "list").write_text("[1]")
    for memory, words in (("none/memory", "cannot be written"), ("list", "no memory")):
        refused = earwitness("listen", "0", "--memory", str(tmp_path / memory))
        assert refused.returncode == 2
        assert words in refused.stderr


def test_a_check_that_is_interrupted_does_not_say_that_anything_is_kept(
    earwitness: CommandLine, tmp_path: Path
) -> None:
    process = earwitness.start("check", str(tmp_path), "--no-store")
    time.sleep(3)  # it watches the devices for five seconds, where there are any
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert "kept" not in said


# Servers


def server_seen(binaries: Binaries, workspace: Path, **settings: Any) -> Evidence:
    """A check of a server of these settings, while a client commits."""
    with running(binaries, workspace, settings={"fsync": True, **settings}) as server:
        stop = threading.Event()

        def commit() -> None:
            with server.connect() as connection:
                connection.execute("create table entry (number int)")
                while not stop.wait(0.01):
                    connection.execute("insert into entry values (1)")

        client = threading.Thread(target=commit)
        client.start()
        try:
            return seen(f"postgresql://postgres@/postgres?host={server.socket}")
        finally:
            stop.set()
            client.join()


def test_syncs_of_the_log_are_held_against_flushes_of_its_device(
    binaries: Binaries, workspace: Path
) -> None:
    evidence = server_seen(binaries, workspace)
    account = evidence.claims["fsync"]["window"]
    assert account["commits"] > 5
    assert account["wal_syncs"] > 5
    number = workspace.stat().st_dev
    mount = storage.mount_of(workspace, storage.mounts(Path("/proc/self/mountinfo").read_text()))
    assert mount is not None
    if storage.devices(mount):
        (counted,) = account["counted"]
        assert counted["flushes"] > 0, os.major(number)
    assert "no-flush" not in sorts(evidence)


def test_a_server_without_fsync_syncs_nothing_and_is_called_critical(
    newest: Binaries, workspace: Path
) -> None:
    evidence = server_seen(newest, workspace, fsync=False, full_page_writes=False)
    assert evidence.claims["fsync"]["window"]["wal_syncs"] == 0
    assert {"fsync-off", "torn-pages"} <= sorts(evidence)


def test_a_server_whose_data_lie_in_memory_is_told_so(newest: Binaries) -> None:
    if not os.path.ismount("/dev/shm"):
        pytest.skip("there is no /dev/shm")
    with workspace_module.workspace("test", root=Path("/dev/shm")) as memory:
        evidence = server_seen(newest, memory)
    assert evidence.claims["fsync"]["file_system"] == "tmpfs"
    assert "in-memory" in sorts(evidence)
    assert "nothing-seen" not in sorts(evidence)


def test_a_role_without_rights_is_told_what_it_does_not_see(
    newest: Binaries, workspace: Path
) -> None:
    with running(newest, workspace) as server:
        with server.connect() as owner:
            owner.execute("create role plain login")
        evidence = seen(f"postgresql://plain@/postgres?host={server.socket}")
    missed = {one.what: one for one in evidence.not_seen}
    assert "the device below the log" in missed
    assert all(not one.essential for one in missed.values())
    assert "pg_read_all_settings" in missed["the setting data_directory"].needs
    assert evidence.claims["fsync"]["window"]["counted"] == ()


def has_open_below(pid: int, folder: Path) -> bool:
    """Whether the process has a file in the folder open, even one without a name."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
        with contextlib.suppress(OSError):  # closed meanwhile
            found.append(str(descriptor.readlink()))
    return any(path.startswith(f"{folder}/") for path in found)


def test_nothing_is_left_of_a_probe_that_is_killed(earwitness: CommandLine) -> None:
    folder = Path("/var/tmp") / f"earwitness-test-{os.getpid()}"
    folder.mkdir()
    try:
        process = earwitness.start("check", str(folder), "--probe")
        until = time.monotonic() + 60
        while not has_open_below(process.pid, folder):
            assert process.poll() is None, "it ended, and had no file there"
            assert time.monotonic() < until
            time.sleep(0.01)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL, "it was not killed in the middle"
        assert list(folder.iterdir()) == []
    finally:
        shutil.rmtree(folder)
