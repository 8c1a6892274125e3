"""Settings that are more than a number or a word: folders, hosts and addresses, each checked and made canonical.

A `ValueError` holds the rest of a sentence that begins with the setting's name.
"""

import re
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urlsplit


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def folder(text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise ValueError(f"is {text!r}, in the home of a user that does not exist. Name another folder.") from None


def host_name(text: str) -> str:
    try:
        return str(ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        # Digits and dots alone are an address with a mistake, not a name.
        if not re.fullmatch(r"(?=.*[A-Za-z])[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", text):
            raise ValueError(f"is {text!r}. It must be an IP address or a host name, without scheme or port.") from None
        return text.lower()


def _split(text: str) -> SplitResult | None:
    """The parts of an address, or None if it cannot be one."""
    try:
        parts = urlsplit(text)
        return None if parts.port == 0 or re.search(r"\s", text) else parts
    except ValueError:
        return None


def base_url(text: str) -> str:
    parts = _split(text)
    if not parts or parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or "@" in text:
        raise ValueError(f"is {text!r}. It must look like https://drift.example.com, without a path.")
    return f"{parts.scheme}://{parts.netloc}"


def database_url(text: str, data_dir: Path) -> str:
    """Never repeats the address in a complaint: it may hold a password."""
    scheme, _, rest = text.partition("://")
    if scheme == "sqlite":
        file = unquote(rest.removeprefix("/"))
        if not rest.startswith("/") or file in ("", "/", ":memory:") or "?" in rest or "#" in rest:
            raise ValueError("must name a file: sqlite:///driftsentry.db, or sqlite:////var/lib/driftsentry/drift.db.")
        return f"sqlite:///{quote(str(data_dir / file))}"
    if scheme not in ("postgresql", "postgres"):
        raise ValueError("has an unknown scheme. It must begin with sqlite:/// or postgresql://.")
    parts = _split(text)
    if not parts or not (parts.hostname or "host=" in parts.query) or not parts.path.strip("/"):
        raise ValueError("is not postgresql://USER:PASSWORD@HOST:PORT/NAME, with special characters written as %XX.")
    return f"postgresql://{rest}"
