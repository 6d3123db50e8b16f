"""What speaks for and against: leads and their cases, victims' reports, withdrawals, the allow-list."""
