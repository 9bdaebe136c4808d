"""What runs log: said at the prompt, kept from the screen while an event log is played."""

from __future__ import annotations

import logging


def hear() -> None:
    """Say what runs log, on stderr, as it comes."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("  log: %(message)s"))
    logger = logging.getLogger("traaviis_lab.run")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def hush() -> None:
    """Keep what runs log from the screen; thousands of lines would drown everything else."""
    logger = logging.getLogger("traaviis_lab.run")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
