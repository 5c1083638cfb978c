"""The whole check of an mTLS server with three hosts, against a scan for resumption alone.

The same nginx, which asks for client certificates and resumes sessions; both programs are started
anew each time and take turns in random order, because the machine does not hold still. Beside it the
findings across hosts on configurations that let nobody across: there must be none. Needs nginx, and
sslyze in an environment of its own, because it wants another version of cryptography:

    python -m venv /tmp/scanner && /tmp/scanner/bin/pip install sslyze
    python benchmarks/mtls_check.py --sslyze /tmp/scanner/bin/sslyze [--pairs 12]

Ends with 1 when the median of the ratios of wall time is above 1, or when there is a finding across
hosts.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from earwitness.servers import certificates, nginx, process, workspace
from earwitness.servers.certificates import Authority, Issued
from earwitness.servers.process import MissingComponent

MOST = 1.0
"""Our wall time, divided by theirs."""
SEED = 8
RESUMING = "ssl_session_tickets on; ssl_session_cache shared:all:1m;"
FORGETTING = "ssl_session_tickets off; ssl_session_cache off;"
REJECTING = "server { listen 127.0.0.1:@port:tls@ ssl default_server; ssl_reject_handshake on; }"


class Ground:
    """Two authorities, a server and a client of each."""

    def __init__(self, home: Path) -> None:
        user = process.unprivileged()
        self.home = home
        self.a, self.b = (
            certificates.authority(home / name, name=name, reader=user) for name in ("a", "b")
        )
        self.server = self.a.server("server", names=("a.test", "b.test", "c.test"))
        self.alice, self.bob = self.a.client("alice"), self.b.client("bob")

    def host(self, name: str, authority: Authority | None, more: str) -> str:
        asks = (
            f"ssl_client_certificate {authority.certificate}; ssl_verify_client on;"
            if authority
            else ""
        )
        return (
            f"server {{ listen 127.0.0.1:@port:tls@ ssl; server_name {name}; {asks} {more} "
            f'return 200 "this is {name}"; }}\n'
        )

    def hosts(self, b: Authority, more: str, before: str = "") -> str:
        common = (
            "ssl_protocols TLSv1.2 TLSv1.3; "
            f"ssl_certificate {self.server.certificate}; ssl_certificate_key {self.server.key};\n"
        )
        guarded = self.host("a.test", self.a, more) + self.host("b.test", b, more)
        return common + before + guarded + self.host("c.test", None, more)


def check(port: int, alice: Issued, bob: Issued) -> list[str]:
    """The command of ours."""
    sni = [f"{one.certificate}:{one.key}" for one in (alice, bob)]
    command = [sys.executable, "-m", "earwitness", "check", f"mtls://127.0.0.1:{port}"]
    command += ["--sni", f"a.test={sni[0]}", "--sni", f"b.test={sni[1]}", "--sni", "c.test=open"]
    return [*command, "--claim", "mtls-resumption", "--no-store", "--format", "json"]


def scan(program: str, port: int, alice: Issued) -> list[str]:
    """The command of theirs, on one of the hosts."""
    identity = ["--cert", str(alice.certificate), "--key", str(alice.key)]
    return [program, "--resum", "--sni", "a.test", *identity, f"127.0.0.1:{port}"]


def timed(command: Sequence[str]) -> tuple[float, str]:
    """Seconds and output; both programs say with their exit code what they found."""
    begun = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    took = time.perf_counter() - begun
    if not done.stdout.strip():
        sys.exit(f"{command[0]} said nothing: {done.stderr[-500:]}")
    return took, done.stdout


def measured(commands: Mapping[str, Sequence[str]], pairs: int) -> dict[str, list[float]]:
    """Times of each by turns, in an order of their own each turn; a first turn is not counted."""
    order, times = random.Random(SEED), {name: [] for name in commands}
    for turn in range(pairs + 1):
        names = list(commands)
        order.shuffle(names)
        for name in names:
            took, _ = timed(commands[name])
            if turn:
                times[name].append(took)
    return times


def across(said: str) -> list[str]:
    """Findings across hosts that are critical."""
    found = json.loads(said)["findings"]
    return [one["id"] for one in found if one["severity"] == "critical" and "across" in one["id"]]


def speed(ground: Ground, program: str, pairs: int) -> bool:
    config = ground.hosts(ground.b, RESUMING)
    with nginx.running(nginx.find(), ground.home, config=config, name="resuming") as server:
        port = server.ports["tls"]
        ours = check(port, ground.alice, ground.bob)
        connections = len(json.loads(timed(ours)[1])["evidence"]["reads"])
        times = measured({"ours": ours, "theirs": scan(program, port, ground.alice)}, pairs)
    ratios = [mine / other for mine, other in zip(times["ours"], times["theirs"], strict=True)]
    ratio = statistics.median(ratios)
    print(
        f"{server.version}, {pairs} pairs: the check of three hosts, {connections} connections, "
        f"{statistics.median(times['ours']):.2f} s; sslyze --resum of one host "
        f"{statistics.median(times['theirs']):.2f} s; ratio {ratio:.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f}; at most {MOST:.2f})"
    )
    return ratio > MOST


def clean(ground: Ground) -> bool:
    """Whether configurations that let nobody across give a finding."""
    configs = {
        "no sessions": ground.hosts(ground.b, FORGETTING, REJECTING),
        "no sessions, a default host": ground.hosts(ground.b, FORGETTING),
        "sessions, one authority for both": ground.hosts(ground.a, RESUMING, REJECTING),
    }
    wrong = False
    for name, config in configs.items():
        folder = f"clean-{len(name)}"
        with nginx.running(nginx.find(), ground.home, config=config, name=folder) as server:
            bob = ground.alice if "one authority" in name else ground.bob
            found = across(timed(check(server.ports["tls"], ground.alice, bob))[1])
        print(f"{name}: {len(found)} critical findings across hosts (at most 0)")
        wrong |= bool(found)
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=12)
    parser.add_argument("--sslyze", default="sslyze")
    arguments = parser.parse_args()
    program = shutil.which(arguments.sslyze)
    with workspace.workspace("benchmark-mtls") as home:
        try:
            ground = Ground(home)
            missed = clean(ground)
            if program is None:
                print("not compared: there is no sslyze; name it with --sslyze")
            else:
                missed |= speed(ground, program, arguments.pairs)
        except MissingComponent as missing:
            sys.exit(f"not measured: {missing}")
    sys.exit(int(missed))


if __name__ == "__main__":
    main()
