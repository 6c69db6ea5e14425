"""``python -m visionspec.cli`` is the ``visionspec`` command."""

from visionspec.cli import main

main()
