"""Joining with one's own keys: the wire, the registrar's desk, the newcomer, and the one file that a member holds."""
