"""From the casebook's outbox to each member's own topic."""
