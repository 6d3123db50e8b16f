from producers.client import MemberClient

__all__ = ["MemberClient"]
