"""From leads to lawful requests, answers and holds, in PostgreSQL."""
