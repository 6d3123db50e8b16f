"""Where it happened online: handles on a platform, web addresses, apps."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, quote, urlsplit

from schemas.canonical.form import CanonicalError, Form, malformed
from schemas.canonical.placeholders import refuse_filler, refuse_words
from schemas.canonical.text import fold

_PLATFORM = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PERCENT = re.compile(r"%([0-9a-fA-F]{2})")
_UNRESERVED = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
_PACKAGE = re.compile(r"[a-z][a-z0-9_-]*(?:\.[a-z0-9_][a-z0-9_-]*)+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_WEB_PORTS = frozenset([80, 443])
_NO_HOST = CanonicalError("malformed", "a web address without a host; give it as https://host/path")


def handle(text: str) -> Form:
    """`platform/handle`, both caseless, without a leading @. A handle means nothing without its platform."""
    platform, slash, name = fold(text).partition("/")
    platform = platform.strip()
    name = name.lstrip("@ ").rstrip()
    if not slash or not name or not _PLATFORM.fullmatch(platform):
        raise malformed("a handle is given as platform/handle, such as wechat/abc123")
    refuse_words(name)
    return Form(f"{platform}/{name}")


def url(text: str) -> Form:
    """One form per page, whoever saw it.

    http and https, and a link without a scheme as messages show it, are all written https: a carrier, a platform and a
    victim each see another of the three. Tracking parameters (utm_*, spm), fragment and a final slash go.
    """
    warnings = () if _SCHEME.match(text) else ("scheme-assumed",)
    try:
        parts = urlsplit(f"https://{text}" if warnings else text)
        port = parts.port
    except ValueError as error:
        raise malformed("not a web address; give it as https://host/path") from error
    if "@" in parts.netloc:
        raise malformed("a web address with a user name in it; give it without what stands before the @")
    scheme = "https" if parts.scheme == "http" else parts.scheme
    shown_port = "" if port is None or (scheme == "https" and port in _WEB_PORTS) else f":{port}"
    return Form(f"{scheme}://{_host(parts)}{shown_port}{_path_and_query(parts)}", warnings)


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if not host:
        raise _NO_HOST
    if ":" in host:
        return f"[{_ipv6(host)}]"
    try:
        ascii_host = host.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise malformed("a web address whose host is no domain name; copy it again") from error
    if not re.fullmatch(r"[a-z0-9_.-]+", ascii_host):
        raise malformed("a web address whose host is no domain name; copy it again")
    if ascii_host == "localhost" or ascii_host.startswith("127."):
        raise CanonicalError("placeholder", "a web address of one's own machine; give the public one")
    return ascii_host


def _ipv6(host: str) -> str:
    try:
        return ipaddress.IPv6Address(host).compressed
    except ValueError as error:
        raise malformed("a web address with a broken IPv6 host; copy it again") from error


def _path_and_query(parts: SplitResult) -> str:
    path = _escape(parts.path).rstrip("/")
    kept = [field for field in parts.query.split("&") if field and not _is_tracking(field)]
    return path + ("?" + _escape("&".join(kept)) if kept else "")


def _is_tracking(field: str) -> bool:
    name = field.partition("=")[0].lower()
    return name == "spm" or name.startswith("utm_")


def _escape(text: str) -> str:
    """RFC 3986 6.2.2: escapes in upper case, none for unreserved characters, and one for each that needs it."""
    return _PERCENT.sub(_plain_or_upper, quote(text, safe="%/?:@!$&'()*+,;=-._~"))


def _plain_or_upper(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return chr(code) if code in _UNRESERVED else match[0].upper()


def app(text: str) -> Form:
    """The SHA-256 of the package (colons allowed) or its package id."""
    bare = fold(text.replace(" ", ""))
    digest = bare.replace(":", "")
    if _SHA256.fullmatch(digest):
        refuse_filler(digest)
        return Form(digest)
    if len(bare) <= 255 and _PACKAGE.fullmatch(bare):
        return Form(bare)
    raise malformed("neither a package id such as com.example.app nor a SHA-256 in hex; an app's name does not match")
