"""Claims that go wrong."""
