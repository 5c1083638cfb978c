"""What is here and what is missing, as ``--format json`` and the API have it. Values only."""

from typing import Literal

import msgspec


class ComponentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A component that is here, or how to get it."""

    name: str
    version: str | None
    """None: it is missing."""
    source: str | None
    missing: str | None
    """Why."""
    install: str | None


class StoreRow(msgspec.Struct, frozen=True, kw_only=True):
    """The store of a data folder."""

    folder: str
    state: str
    """``ok``, or what is wrong."""


class DoctorDocument(msgspec.Struct, frozen=True, kw_only=True):
    """How an installation is."""

    schema: Literal["earwitness/doctor/1"] = "earwitness/doctor/1"
    environment: dict[str, str]
    components: tuple[ComponentRow, ...]
    claims: dict[str, str]
    store: StoreRow
    swept: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """Folders of killed runs that were removed; not there where nothing was swept up on purpose."""
