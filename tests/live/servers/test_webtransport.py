"""WebTransport sessions of aioquic with itself, over loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

pytest.importorskip("aioquic")

from earwitness.servers import certificates, link, webtransport
from earwitness.servers.certificates import Authority
from earwitness.servers.link import Way
from earwitness.servers.process import ServerFailed
from earwitness.servers.webtransport import Arrival, Frame, Server, Session


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return certificates.authority(tmp_path_factory.mktemp("wt") / "authority")


@pytest.fixture
def certificate(authority: Authority, tmp_path: Path) -> certificates.Issued:
    return authority.server(tmp_path.name)


def run(test: Coroutine[None, None, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await test

    asyncio.run(bounded())


@asynccontextmanager
async def session(
    certificate: certificates.Issued, authority: Authority
) -> AsyncIterator[tuple[Session, Session]]:
    """Server's end and client's end."""
    async with (
        webtransport.serving(certificate) as server,
        webtransport.connected(server.address, authority.certificate) as client,
    ):
        yield await server.accept(), client


async def arrivals(end: Session, count: int) -> list[Arrival]:
    found: list[Arrival] = []

    def enough() -> bool:
        found.extend(end.take())
        return len(found) >= count

    await webtransport.wait_until(enough, "an arrival")
    return found


def test_streams_and_datagrams_arrive(
    certificate: certificates.Issued, authority: Authority
) -> None:
    async def test() -> None:
        async with session(certificate, authority) as (server, client):
            assert server.id == client.id
            stream, other = server.open_stream(), server.open_stream()
            assert stream != other
            server.write(stream, b"on a stream")
            server.write(other, b"on another")
            server.write_datagram(b"by itself")
            assert client.take() == []
            server.flush()
            assert sorted(await arrivals(client, 3), key=lambda a: a.data) == [
                Arrival(None, b"by itself"),
                Arrival(stream, b"on a stream"),
                Arrival(other, b"on another"),
            ]
            back = client.open_stream()
            client.write(back, b"back")
            client.flush()
            assert await arrivals(server, 1) == [Arrival(back, b"back")]

    run(test())


def test_each_end_shows_the_settings_of_webtransport(
    certificate: certificates.Issued, authority: Authority
) -> None:
    async def test() -> None:
        async with session(certificate, authority) as ends:
            for end in ends:
                assert "ENABLE_WEBTRANSPORT=1 H3_DATAGRAM=1" in end.peer_settings

    run(test())


def test_counters_and_log_agree_with_the_hop(
    certificate: certificates.Issued, authority: Authority
) -> None:
    async def test() -> None:
        async with webtransport.serving(certificate) as listening:
            with link.opened(listening.address) as hop:
                async with webtransport.connected(hop.address, authority.certificate) as client:
                    server = await listening.accept()
                    stream = server.open_stream()
                    server.write(stream, bytes(100))
                    server.flush()
                    await arrivals(client, 1)
                    await asyncio.gather(server.ping(), client.ping())
                    assert hop.client_at(server.peer_address) == 0
                    assert server.datagrams_out == hop.count(Way.DOWN).datagrams
                    assert client.datagrams_in == hop.count(Way.DOWN).forwarded
                    assert client.datagrams_out == hop.count(Way.UP).datagrams
                    # the stream's type and its session come before its first byte
                    carried = [packet for packet in server.packets() if packet]
                    assert Frame(stream, 0, 103) in carried[-1]

    run(test())


def test_a_certificate_of_somebody_else_is_refused(
    certificate: certificates.Issued, tmp_path: Path
) -> None:
    stranger = certificates.authority(tmp_path / "stranger", "stranger")

    async def test() -> None:
        async with webtransport.serving(certificate) as server:
            with pytest.raises(
                ServerFailed, match=r"no WebTransport session: .*issuer certificate"
            ):
                async with webtransport.connected(server.address, stranger.certificate):
                    pass

    run(test())


def test_nobody_at_the_address_is_said_in_time(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webtransport, "_CONNECT_SECONDS", 0.3)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))

        async def test() -> None:
            with pytest.raises(ServerFailed, match="nobody answered within"):
                async with webtransport.connected(silent.getsockname(), authority.certificate):
                    pass

        run(test())


def test_a_path_that_is_not_there_is_refused(
    certificate: certificates.Issued, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with webtransport.serving(certificate) as server:
            async with webtransport.connected(server.address, authority.certificate) as client:
                await server.accept()
                assert client.id == 0
            await refused(server)

    async def refused(server: Server) -> None:
        asked = webtransport._Endpoint._answer

        def moved(self: webtransport._Endpoint, request: object) -> None:
            with monkeypatch.context() as patch:
                patch.setattr(webtransport, "_PATH", b"/elsewhere")
                asked(self, request)  # type: ignore[arg-type]

        monkeypatch.setattr(webtransport._Endpoint, "_answer", moved)
        with pytest.raises(ServerFailed, match="answered the CONNECT with 404"):
            async with webtransport.connected(server.address, authority.certificate):
                pass

    run(test())


def test_an_unmet_condition_is_named() -> None:
    async def test() -> None:
        with pytest.raises(
            ServerFailed, match=r"the end of the world did not happen within 0.05 s"
        ):
            await webtransport.wait_until(lambda: False, "the end of the world", 0.05)

    run(test())
