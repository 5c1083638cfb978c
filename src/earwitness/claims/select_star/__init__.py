"""SELECT * is slow: what it costs to ask for columns that nobody needs."""
