"""Victims' money: followed over accounts, shared, and given back."""
