"""A page of Logseq as an outline, and our blocks in it renewed among the user's.

Pure. A block of ours carries the property ``earwitness`` with its name, wherever the user has moved it.
Its own text is ours; the blocks below it that carry no such property are the user's, and stay below it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

PROPERTY = "earwitness"

_BULLET = re.compile(r"^(\t*)-(?: (.*)|)$")
_NAME = re.compile(rf"^\s*{PROPERTY}:: (\S+)\s*$", re.MULTILINE)
_BULLETED = re.compile(r"^(\s*)-(?=\s|$)")
_PAGE_PROPERTY = re.compile(r"^([\w-]+):: ?(.*)$")


@dataclass(frozen=True)
class Block:
    """A block: its lines without the indent, and those below it."""

    lines: tuple[str, ...]
    children: tuple["Block", ...] = ()

    @property
    def name(self) -> str | None:
        """The name that we gave it; None: it is the user's."""
        found = _NAME.search("\n".join(self.lines[1:]))
        return found[1] if found else None


def block(name: str, text: str, *, id: str) -> Block:
    """A block of ours; ``id`` is the UUID by which others refer to it."""
    first, *others = [line.replace("\t", "    ").rstrip() for line in text.splitlines()] or [""]
    lines = [first, f"id:: {id}", f"{PROPERTY}:: {name}", *_harmless(others)]
    return Block(tuple(lines))


def merged(old: str | None, properties: dict[str, str], blocks: Sequence[Block]) -> str:
    """The page with these properties and blocks; merging the same twice changes nothing."""
    head, kept = _parsed((old or "").replace("\r\n", "\n"))
    others = [
        line
        for line in head
        if not ((found := _PAGE_PROPERTY.match(line)) and found[1] in properties) and line.strip()
    ]
    ours = [f"{name}:: {value}" for name, value in properties.items()]
    body = _written(_renewed(kept, blocks), 0)
    return "\n".join([*ours, *others, "", *body]) + "\n"


def page_property(text: str, name: str) -> str | None:
    """A property of the page; None without it."""
    for line in _parsed(text)[0]:
        found = _PAGE_PROPERTY.match(line)
        if found and found[1] == name:
            return found[2].strip()
    return None


def _parsed(text: str) -> tuple[list[str], list[Block]]:
    """The lines before the first block, and the blocks."""
    head: list[str] = []
    flat: list[tuple[int, list[str]]] = []
    for line in text.split("\n"):
        bullet = _BULLET.match(line)
        if bullet:
            flat.append((len(bullet[1]), [bullet[2] or ""]))
        elif flat:
            depth = flat[-1][0]
            flat[-1][1].append(line.removeprefix("\t" * depth + "  "))
        else:
            head.append(line)
    return head, list(_nested(flat, 0, len(flat)))


def _nested(flat: list[tuple[int, list[str]]], first: int, last: int) -> tuple[Block, ...]:
    """The blocks of that stretch; whatever is deeper than its first is below what precedes it."""
    blocks, place = [], first
    while place < last:
        depth = flat[place][0]
        end = next((n for n in range(place + 1, last) if flat[n][0] <= depth), last)
        lines = flat[place][1]
        while len(lines) > 1 and not lines[-1].strip():
            lines = lines[:-1]
        blocks.append(Block(tuple(lines), _nested(flat, place + 1, end)))
        place = end
    return tuple(blocks)


def _renewed(old: Sequence[Block], new: Sequence[Block]) -> list[Block]:
    wanted = {str(one.name): one for one in new}
    seen: set[str] = set()
    result = _in_place(old, wanted, seen)
    after: str | None = None
    for name, one in wanted.items():
        if name not in seen:
            place = next(
                (n + 1 for n, kept in enumerate(result) if after and kept.name == after), 0
            )
            result.insert(place, one)
        after = name
    return result


def _in_place(old: Sequence[Block], wanted: Mapping[str, Block], seen: set[str]) -> list[Block]:
    """Ours renewed or left out where they stand, at any depth; ``seen`` gets their names."""
    result: list[Block] = []
    for one in old:
        name = one.name
        copied = name in seen
        if name is not None:
            seen.add(name)
        children = tuple(_in_place(one.children, wanted, seen))
        if name is None:
            result.append(replace(one, children=children))
        elif copied:  # a copy is the user's
            lines = [x for x in one.lines if not (_NAME.match(x) or x.startswith("id:: "))]
            result.append(Block(tuple(lines), children))
        elif name in wanted:
            result.append(replace(wanted[name], children=children))
        else:
            result += children
    return result


def _written(blocks: Sequence[Block], depth: int) -> list[str]:
    lines = []
    for one in blocks:
        indent = "\t" * depth
        first, *others = one.lines
        lines.append(f"{indent}- {first}" if first else f"{indent}-")
        lines += [f"{indent}  {line}" if line else "" for line in others]
        lines += _written(one.children, depth + 1)
    return lines


def _harmless(lines: Sequence[str]) -> list[str]:
    """Lines of which none is a property, or a block of its own."""
    plain = (_BULLETED.sub(r"\1*", line) for line in lines)
    return [
        line.replace("::", ":\\:") if _PAGE_PROPERTY.match(line.strip()) else line for line in plain
    ]
