"""The police's vault, apart from the hub: it alone opens what members seal to police, for an officer's signed question.

It keeps nothing: no clear value lies anywhere but in its answer, sealed to the one command that asked.
"""
