"""What counted work costs by a dated sheet of list prices.

Pure, but for reading the sheet that lies beside. Counts come from elsewhere; compute is not measured
in money but allowed for: each way of running it is charged for a given number of vCPUs, all the
time. Which allowance is kind to whom stands with the arms.
"""

import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

_SHEET = "prices.json"
_HOUR_MINUTES = 60
_HOUR_SECONDS = 3600
_FUNCTION_GB_PER_VCPU = 1769 / 1024
"""AWS Lambda developer guide, "Configure Lambda function memory": 1,769 MB have one vCPU."""
_CONTAINER_GB_PER_VCPU = 2
"""The least memory that Fargate gives with 0.25, 0.5, 1, 2 or 4 vCPU (task size table)."""
SMALLEST_CONTAINER_VCPU = 0.25
"""Fargate's smallest task: 0.25 vCPU and 0.5 GB."""


class Price(msgspec.Struct, frozen=True, rename={"origin": "from"}):
    """``price`` for so many (``per``) of a ``unit``, and where that was read."""

    price: float
    per: int
    unit: str
    origin: str

    def of(self, count: float) -> float:
        """What so many cost."""
        return self.price * count / self.per


class Sheet(msgspec.Struct, frozen=True):
    """Prices of one date, in one currency and region; ``status`` says how far to believe them."""

    date: str
    currency: str
    region: str
    status: str
    prices: Mapping[str, Price]

    @property
    def label(self) -> str:
        """For the record of a run."""
        return f"{self.currency}, {self.region}, {self.date}: {self.status}"


@dataclass(frozen=True)
class Work:
    """What is billed by the piece, for a minute of one stream."""

    transitions: float = 0
    invocations: float = 0
    puts: float = 0
    gets: float = 0

    @property
    def pieces(self) -> float:
        """All of it."""
        return self.transitions + self.invocations + self.puts + self.gets


def sheet() -> Sheet:
    """The sheet that comes with the claim."""
    content = importlib.resources.files(__package__).joinpath(_SHEET).read_bytes()
    return msgspec.json.decode(content, type=Sheet)


def of_pieces(prices: Sheet, work: Work) -> float:
    """What an hour of that work costs, compute left out."""
    each = prices.prices
    minute = (
        each["state_transition"].of(work.transitions)
        + each["invocation"].of(work.invocations)
        + each["object_put"].of(work.puts)
        + each["object_get"].of(work.gets)
    )
    return minute * _HOUR_MINUTES


def of_container(prices: Sheet, vcpus: float) -> float:
    """What an hour of so many vCPUs in containers costs, with the least memory they come with."""
    vcpu_hours = prices.prices["container_vcpu_hour"].of(vcpus)
    return vcpu_hours + prices.prices["container_gb_hour"].of(vcpus * _CONTAINER_GB_PER_VCPU)


def of_functions(prices: Sheet, vcpus: float) -> float:
    """What functions cost that keep so many vCPUs busy for an hour, invocations left out."""
    gb_seconds = vcpus * _HOUR_SECONDS * _FUNCTION_GB_PER_VCPU
    return prices.prices["function_gb_second"].of(gb_seconds)
