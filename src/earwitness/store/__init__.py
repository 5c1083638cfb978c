"""The one store: connection, migrations, runs, events, predictions."""
