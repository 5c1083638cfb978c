"""One thin file for each verb."""
