"""The rooms of the site as its menu shows them, each with the key that goes there after ``g``."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Room:
    """An entry of the menu."""

    title: str
    address: str
    icon: str
    key: str

    def holds(self, path: str) -> bool:
        """Whether a page belongs to this room."""
        if self.address == "/":
            return path == "/" or path.startswith(("/shows", "/episodes"))
        beside = "/runs" if self.address == "/claims" else self.address
        return path.startswith((self.address, beside))


ROOMS: tuple[tuple[str, tuple[Room, ...]], ...] = (
    (
        "Listen",
        (
            Room("Shows", "/", "shows", "h"),
            Room("Search", "/search", "search", "f"),
            Room("Ask", "/ask", "ask", "a"),
        ),
    ),
    (
        "Keep",
        (
            Room("Snips", "/snips", "snips", "s"),
            Room("Review", "/review", "review", "r"),
        ),
    ),
    (
        "Put to the test",
        (
            Room("Claims", "/claims", "claims", "c"),
            Room("Checks", "/checks", "checks", "k"),
            Room("Predictions", "/predictions", "predictions", "p"),
        ),
    ),
    (
        "This machine",
        (
            Room("Settings", "/settings", "settings", "t"),
            Room("Doctor", "/doctor", "doctor", "d"),
        ),
    ),
)
"""Groups of rooms with their headings, in the order of the menu."""
