"""Every error this project raises, in one tree, so that a caller can catch by what must happen next.

    AfaError                  a person must read it: one sentence that names what, where and the remedy
    ├── SetupError            the machine or the data folder is not fit (port taken, disk full, other version)
    ├── ServiceDied           a child process ended that should have gone on
    ├── Refused               the other side said no (wrong password, forbidden topic, unknown member)
    ├── InvalidAlert          the caller's alert is wrong; `field` names where
    ├── InvalidLedger         what is told of an account contradicts itself at `place`; its holder is to be asked again
    ├── SpoolFull             the local spool is at its bound; nothing was accepted
    ├── Quarantine            this event or bundle is bad and goes to the quarantine; `reason` is a documented code
    ├── Retry                 what is needed is down for the moment; try the same again
    └── Stop                  what is here is broken; end the process with nothing acknowledged

Never raise anything else across a package border, and never swallow one of these.
"""

from __future__ import annotations


class AfaError(Exception):
    """Root of all errors of this project."""


class SetupError(AfaError):
    """The machine, a port, the disk or the data folder is not fit to start."""


class ServiceDied(AfaError):
    """A child process ended that should have gone on."""


class Refused(AfaError):
    """The other side refused: wrong credentials, a forbidden topic, an unknown member."""


class InvalidAlert(AfaError):
    """The caller's alert is wrong. `field` is the dotted path of the field that is."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class InvalidLedger(AfaError):
    """What is told of an account's money contradicts itself: an overdraft, a second currency. `place` is where."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place


class SpoolFull(AfaError):
    """The local spool is at its bound; the alert was not accepted."""


class Quarantine(AfaError):
    """An event or bundle is bad. `reason` is one of `schemas.reasons.Reason`; `detail` names the place."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Retry(AfaError):
    """Something needed is down for the moment; the same work is to be tried again."""


class Stop(AfaError):
    """Something is broken; the process ends with nothing acknowledged."""
