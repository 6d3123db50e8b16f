"""Holds: begun, changed and ended as the table of their life allows."""
