"""Copies the chain of acts to the `audit` topic, signs where it stands, and finds what was altered of it."""
