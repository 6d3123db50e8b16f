"""`python -m consumers.casebook`: there is to be one; a second one ends, or ends the first."""

from __future__ import annotations

import sys

from consumers.casebook.main import main

if __name__ == "__main__":
    sys.exit(main())
