"""A member unit as it can be copied: it reads its mail, checks the authority of each request itself, acts on its own
books once, and answers.

    handler     what to do about one request: pure
    ledger, subscribers, users, desk    the books of a bank, a carrier, a platform, a police centre: pure
    books       the same on disk: an act and the answer about it stand or fall together
    member      the loop: mail in, answers out
"""

from producers.reference.handler import Decided, handle
from producers.reference.member import ReferenceMember

__all__ = ["Decided", "ReferenceMember", "handle"]
