"""`python -m consumers.auditor`: two at once write some entries twice, which is no fault."""

from __future__ import annotations

import sys

from consumers.auditor.main import main

if __name__ == "__main__":
    sys.exit(main())
