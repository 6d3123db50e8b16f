"""Answers a bank that asks before money moves, from what the alliance knows at that moment."""
