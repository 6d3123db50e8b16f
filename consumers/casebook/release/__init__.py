"""Letting go: what rests on fallen grounds, and who may lift what."""
