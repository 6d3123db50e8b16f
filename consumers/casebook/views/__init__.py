"""What people and members are shown: listings, cases, what became of alerts, numbers."""
