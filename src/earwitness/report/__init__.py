"""One file for each format, all made from the same document."""
