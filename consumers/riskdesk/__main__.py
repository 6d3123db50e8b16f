"""`python -m consumers.riskdesk`: one works; of a second one each check would get the same answer twice."""

from __future__ import annotations

import sys

from consumers.riskdesk.main import main

if __name__ == "__main__":
    sys.exit(main())
