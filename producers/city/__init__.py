"""A small city: members, people, honest days and three scams a day, played against the real services.

It alone knows the truth, and tells at the end what the alliance made of it. Nothing here may be used to decide about a
real alert.
"""

from producers.city.cast import CAST
from producers.city.officer import DutyOfficer
from producers.city.play import City

__all__ = ["CAST", "City", "DutyOfficer"]
