"""Requests: what is asked of whom and why, from the draft to the answer and what follows from it."""
