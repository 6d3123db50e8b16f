"""`python -m consumers.dispatch`: one works; a second one waits a little for the first to go, and ends."""

from __future__ import annotations

import sys

from consumers.dispatch.main import main

if __name__ == "__main__":
    sys.exit(main())
