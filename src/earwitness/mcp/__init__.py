"""Gives the user's own assistant what Earwitness knows, over the Model Context Protocol."""
