"""Asks several hosts at once, and each of them one thing after another.

The answers come to the thread that wants them, as each is there. Whoever asks is a thread that ends
with the process, so that somebody who interrupts it waits for no server.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_Question = TypeVar("_Question")
_Answer = TypeVar("_Answer")

MOST_HOSTS = 4
"""That are asked at the same time."""


def answers(
    questions: Iterable[_Question],
    host_of: Callable[[_Question], str],
    ask: Callable[[_Question], _Answer],
    *,
    begin: Callable[[_Question], None],
) -> Iterator[tuple[_Question, _Answer | Exception]]:
    """Each question with its answer or with what ``ask`` raised, as they come.

    ``begin`` is told of each in the thread of the caller, before it is asked.
    """
    by_host: dict[str, deque[_Question]] = {}
    for question in questions:
        by_host.setdefault(host_of(question), deque()).append(question)
    waiting, asked = deque(by_host.values()), 0
    came: queue.SimpleQueue[tuple[deque[_Question], _Answer | Exception]] = queue.SimpleQueue()

    def answer(of_host: deque[_Question]) -> None:
        try:
            came.put((of_host, ask(of_host[0])))
        except Exception as problem:
            came.put((of_host, problem))

    while waiting or asked:
        while waiting and asked < MOST_HOSTS:
            of_host = waiting.popleft()
            begin(of_host[0])
            threading.Thread(target=answer, args=(of_host,), daemon=True).start()
            asked += 1
        of_host, told = came.get()
        asked -= 1
        yield of_host.popleft(), told
        if of_host:
            waiting.append(of_host)
