"""Shows, episodes and chapters."""
