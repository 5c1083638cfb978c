"""Checks that were planned on a page: the plan is shown first, then carried out as it was shown.

Between the two the order, which may hold a password, stays in this process and nowhere else; a page
has a ticket for it. Orders are forgotten after a while, and so are the oldest of too many.
"""

import secrets
import threading
import time
from collections.abc import Callable

from earwitness import checks
from earwitness.check.finding import Severity
from earwitness.checks import Order
from earwitness.store.connection import Store
from earwitness.store.runs import RunRecord
from earwitness.web.jobs.limits import Rate, TooMany

MOST_ORDERS = 32
KEPT_SECONDS = 900.0
"""How long a plan may be looked at before it is carried out."""
MOST_STARTED, STRETCH_SECONDS = 30, 600.0


class Expired(LookupError):
    """There is no such order any more; it has to be planned again."""


class Checking:
    """Keeps planned checks for a while and carries out one at a time."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._orders: dict[str, tuple[float, Order]] = {}
        self._lock = threading.Lock()
        self._busy = threading.Lock()
        self._rate = Rate(MOST_STARTED, STRETCH_SECONDS, "many checks were made just now")

    def plan(self, order: Order) -> str:
        """Keep an order; the ticket for it."""
        ticket = secrets.token_urlsafe(16)
        with self._lock:
            self._forget_old()
            while len(self._orders) >= MOST_ORDERS:
                del self._orders[next(iter(self._orders))]
            self._orders[ticket] = (self._clock(), order)
        return ticket

    def look(self, ticket: str) -> Order:
        """The order of a ticket. Raises Expired."""
        with self._lock:
            return self._kept(ticket)

    def redeem(self, ticket: str) -> Order:
        """The order of a ticket, once. Raises Expired."""
        with self._lock:
            order = self._kept(ticket)
            del self._orders[ticket]
        return order

    def carry_out(self, order: Order, fail_on: Severity = Severity.HIGH) -> RunRecord:
        """Look, judge and keep it as a run. Raises TooMany."""
        if not self._busy.acquire(blocking=False):
            raise TooMany("another check is being made; wait for it", 5.0)
        try:
            self._rate.take()
            document = checks.carry_out(
                order,
                fail_on,
                lambda _line: None,
                earlier=lambda: checks.earlier(self._store, order.target),
            )
            return checks.keep(self._store, document)
        finally:
            self._busy.release()

    def _kept(self, ticket: str) -> Order:
        self._forget_old()
        if ticket not in self._orders:
            raise Expired("this plan was carried out already, or is too old: make it again")
        return self._orders[ticket][1]

    def _forget_old(self) -> None:
        oldest = self._clock() - KEPT_SECONDS
        self._orders = {ticket: kept for ticket, kept in self._orders.items() if kept[0] > oldest}
