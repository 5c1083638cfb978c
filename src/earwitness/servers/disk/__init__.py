"""A disk with a volatile write cache, in user space: served through FUSE, recorded, and cut off.

``disk`` starts and ends it, ``log`` is what it wrote down, ``volatile`` says what a cut leaves,
``file_systems`` what can be put on it, and ``faults`` which writes it refuses.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from earwitness.servers.component import Component


def components() -> "tuple[Component, ...]":
    """Its line in the table of components."""
    # here: the programs of this room are in this package too, and start without all that it needs
    from earwitness.servers.disk import disk

    return disk.components()
