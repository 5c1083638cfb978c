"""The object store: buckets, and what was asked of them.

Requests are counted from the server's access log, bytes from the sizes of the objects that were
written and read; nothing stands between a client and the store, and no client is believed. Only
requests for an object count: those for a bucket are ours, for setting up and looking.
"""

import re
from collections import Counter
from dataclasses import dataclass

from earwitness.servers.cloud.server import Cloud
from earwitness.servers.process import ServerFailed

_LINE = re.compile(
    rb'"(?:\x1b\[[\d;]*m)*([A-Z]+) /([a-z0-9.-]+)/(\S+) HTTP/1\.1(?:\x1b\[[\d;]*m)*" (\d{3})'
)
"""A request for an object in werkzeug's access log: method, bucket, key, status; errors in colour."""
_PRICED_AS_PUT = {"PUT", "POST"}
_PRICED_AS_GET = {"GET", "HEAD"}


@dataclass(frozen=True)
class Traffic:
    """Requests for objects of one bucket, and the bytes of the objects they moved."""

    puts: int = 0
    gets: int = 0
    bytes_written: int = 0
    bytes_read: int = 0

    @property
    def requests(self) -> int:
        """All requests that are paid for."""
        return self.puts + self.gets


def create_bucket(cloud: Cloud, name: str) -> None:
    """A new empty bucket."""
    cloud.client("s3").create_bucket(Bucket=name)


def traffic(cloud: Cloud, bucket: str) -> Traffic:
    """What was asked of a bucket since it was made. ServerFailed when a request failed.

    Every object is written once: bytes are those of the objects as they are now.
    """
    asked = Counter(requests(cloud.log.read_bytes(), bucket))
    failed = [(method, key, status) for method, key, status in asked if status >= 400]
    if failed:
        method, key, status = failed[0]
        raise ServerFailed(f"the object store answered {status} to {method} {bucket}/{key}")
    sizes = _sizes(cloud, bucket)
    puts = {key: n for (method, key, _), n in asked.items() if method in _PRICED_AS_PUT}
    gets = {key: n for (method, key, _), n in asked.items() if method in _PRICED_AS_GET}
    return Traffic(
        puts=sum(puts.values()),
        gets=sum(gets.values()),
        bytes_written=sum(n * sizes[key] for key, n in puts.items()),
        bytes_read=sum(n * sizes[key] for key, n in gets.items()),
    )


def requests(log: bytes, bucket: str) -> list[tuple[str, str, int]]:
    """Method, key and status of every request for an object of the bucket, in order. Pure."""
    return [
        (method.decode(), key.partition(b"?")[0].decode(), int(status))
        for method, name, key, status in _LINE.findall(log)
        if name == bucket.encode()
    ]


def _sizes(cloud: Cloud, bucket: str) -> dict[str, int]:
    pages = cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", [])}
