"""``python -m earwitness`` is the command line."""

from earwitness.cli.main import main

main()
