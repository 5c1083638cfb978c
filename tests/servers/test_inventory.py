import sys

from earwitness.servers import inventory


def test_every_component_is_found_or_says_what_would_help():
    found = inventory.components()
    assert {"pgbench", "nginx", "Node", "BIRD"} <= {component.name for component in found}
    for component in found:
        assert (component.version is None) == (component.missing is not None)


def test_a_room_without_its_wheel_is_missing_and_the_others_are_told(monkeypatch):
    for name in [
        name for name in sys.modules if name.startswith("earwitness.servers.function_host")
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "h11", None)
    missing = {c.name: c for c in inventory.components() if c.missing is not None}
    assert "h11" in missing["function host"].missing
    assert "earwitness[embedded]" in missing["function host"].install
