"""The JSON API: everything that the pages do, described by its own OpenAPI document."""
