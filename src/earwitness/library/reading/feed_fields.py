"""The fields of a show and of an episode, gathered from the elements of a feed.

An element becomes a field only when the field then holds all of it. Everything else (a second title,
a person with attributes of somebody's own, ``podcast:value``) is kept whole as ``Element``, raw and
in order. ``feed_rules`` says what each element means; ``feed_settling`` makes a show of them.
"""

import urllib.parse
from collections.abc import Mapping, Set

from lxml import etree

from earwitness.library.intake import Element
from earwitness.library.reading.feed_elements import Quota, attributes, whole
from earwitness.library.reading.feed_rules import CHANNEL, ITEM, Fields, Rule
from earwitness.library.reading.namespaces import name

_ITEMS = frozenset({"item", "entry", "atom:entry"})


def of_item(item: etree._Element, base: str | None, quota: Quota) -> Fields:
    """The fields of an episode. Raises TooMany."""
    return _gathered(item, base, ITEM, quota)


def of_channel(channel: etree._Element, base: str | None, quota: Quota) -> Fields:
    """The fields of a show; what stands beside the channel in RSS 1.0 is in it too."""
    fields = _gathered(channel, base, CHANNEL, quota, _ITEMS)
    parent = channel.getparent()
    if parent is not None:
        beside = _gathered(parent, base, CHANNEL, quota, _ITEMS | {"channel"})
        for key, value in beside.values.items():
            fields.put(key, value)
        fields.elements += beside.elements
        fields.wrong += beside.wrong
    return fields


def _gathered(
    parent: etree._Element,
    base: str | None,
    rules: Mapping[str, Rule],
    quota: Quota,
    besides: Set[str] = frozenset(),
) -> Fields:
    """The elements in one, each in a field or kept; but those of the names ``besides``."""
    fields = Fields(base=urllib.parse.urljoin(base or "", parent.base) if parent.base else base)
    quota.take(len(parent))
    if named := attributes(parent, quota):
        fields.elements.append(Element(name=name(parent.tag), attributes=named))
    for child in parent:
        if besides and name(child.tag) in besides:
            continue
        element = whole(child, fields.wrong, quota)
        rule = rules.get(element.name)
        if rule is None or not rule.holds(fields, element):
            fields.elements.append(element)
    return fields
