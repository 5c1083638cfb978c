"""Speech to text by programs that somebody else runs or installed; nothing is downloaded here."""
