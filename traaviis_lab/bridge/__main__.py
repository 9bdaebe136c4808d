"""`python -m traaviis_lab.bridge`: the bridge where nothing but Python is needed to start it."""

from __future__ import annotations

import sys

from .command import main

if __name__ == "__main__":
    sys.exit(main())
