"""Where TLS must be, and what a person must do about a certificate that is not believed.

Plain text stays on this machine: neither a password nor what a member wrote may leave it unencrypted, or go to a server
that nobody has proven to be the right one.
"""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether what is sent to this host stays on this machine. A name other than `localhost` is not looked up."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def untrusted(server: str, said: str, setting: str) -> str | None:
    """One sentence for what OpenSSL or libpq `said`, None if that is not about a certificate; `setting` has the
    authority."""
    authority = f"no authority in {setting} has signed it: put there the certificate of the one that did"
    renew = "whoever runs the server must renew it"
    if "certificate has expired" in said:
        why = f"has expired: {renew}"
    elif "certificate is not valid for" in said or "does not match host name" in said:
        why = "is for other names: reach the server by one of those, or have this one put into it"
    elif "CERTIFICATE_VERIFY_FAILED" in said:
        why = f"is not trusted: {authority}"
    elif "certificate verify failed" in said:
        # libpq does not tell which of the two it is.
        why = f"is not trusted: if it has expired, {renew}; else {authority}"
    else:
        return None
    return f"The certificate of {server} {why}."
