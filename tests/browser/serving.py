"""The site in a process of its own, as anybody starts it, and what tests need to listen there."""

import signal
import time
import wave
from pathlib import Path

from earwitness.store import library_tables as tables
from earwitness.store.connection import Store
from tests.conftest import CommandLine
from tests.web.conftest import EPISODE, shelve, sorting_show


def until(page, expression: str) -> None:
    """Wait until it is true; asked from outside, because the site forbids what would ask inside."""
    last = time.monotonic() + 30
    while not page.evaluate(expression):
        assert time.monotonic() < last, expression
        time.sleep(0.05)


def follow(page, link) -> None:
    """Click what opens another page, and wait for that page and its scripts."""
    with page.expect_navigation():
        link.click()


def ask(page, question: str) -> None:
    """Ask, and wait for the whole answer, after which the next question can be typed."""
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    page.wait_for_selector(f".turn:has-text('{question}') [name=turn]", state="attached")
    until(page, "document.activeElement.name === 'question' && !document.activeElement.value")


class Served:
    """The site in a process, which can be ended and started again."""

    def __init__(self, command: CommandLine, data: Path) -> None:
        self.command = command
        self.data = data
        self.runs: list[str] = []
        self.port = "0"
        self.start()

    def start(self) -> None:
        arguments = ("serve", "--no-open", "--port", self.port, "--data", str(self.data))
        self.process = self.command.start(*arguments)
        self.address = self.process.stdout.readline().strip().rstrip("/")
        self.port = self.address.rpartition(":")[2]

    def end(self, by: int = signal.SIGTERM) -> None:
        self.process.send_signal(by)
        self.process.wait(30)
        self.process.communicate()


def tone(file: Path, seconds: int = 60) -> None:
    """A recording that is really one."""
    with wave.open(str(file), "wb") as recording:
        recording.setparams((1, 1, 8000, 0, "NONE", ""))
        recording.writeframes(
            bytes((128 + (index // 20 % 2) * 9) for index in range(8000)) * seconds
        )


def stock(store: Store, data: Path, episodes: int = 95) -> None:
    """A show with an episode that can be heard."""
    shelve(store, sorting_show(episodes=episodes))
    tone(data / "timsort.wav")
    with store.writing() as connection:
        chosen = tables.episodes.update().where(tables.episodes.c.id == EPISODE)
        connection.execute(chosen.values(audio_file="timsort.wav"))
