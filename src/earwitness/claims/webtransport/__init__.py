"""WebTransport, a game changer: what one lost packet stops, and what goes on."""
