"""`python -m consumers.vault`: two at once do everything twice, of which the database takes the first."""

from __future__ import annotations

import sys

from consumers.vault.main import main

if __name__ == "__main__":
    sys.exit(main())
