"""The claim that partitioning a PostgreSQL table buries the server in locks."""
