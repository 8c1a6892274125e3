"""Which strings are secrets although no mask says so: by their name, or by how they look."""

from __future__ import annotations

import re
from functools import lru_cache

_SECRET_WORDS = frozenset(
    (
        "password passwords passwd pwd pass passphrase passcode secret secrets token tokens apikey apikeys accesskey "
        "secretkey privatekey authtoken clientsecret credential credentials connectionstring dsn authorization jwt"
    ).split()
)
_SECRET_PAIRS = frozenset(
    tuple(pair.split("_"))
    for pair in (
        "private_key secret_key access_key api_key auth_key account_key shared_key signing_key customer_key "
        "host_key master_key license_key connection_string connection_strings api_keys access_keys private_keys "
        "secret_keys"
    ).split()
)
# Words that may follow the telling one without making it something else (`secret_string`, `password_wo`).
_FORM_WORDS = frozenset(
    "value values string text plaintext base64 b64 pem der wo json raw data binary hash encrypted old new".split()
)
_NAME_KEYS = ("name", "Name", "key", "Key", "NAME", "KEY", "parameter_name", "ParameterKey", "variable")
_VALUE_KEYS = ("value", "Value", "VALUE", "values", "ParameterValue", "content", "default_value")

_word = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

# Each pattern starts at a fixed text and is bounded by a class that excludes it: linear on any input. A search
# costs a hundred times the `in` before it, and nearly no string needs one.
_LOOKS = (
    ("-----BEGIN ", re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY")),
    ("AKIA", re.compile(r"\bAKIA[0-9A-Z]{16}\b")),
    ("ASIA", re.compile(r"\bASIA[0-9A-Z]{16}\b")),
    ("://", re.compile(r"://[^/\s:@]{0,256}:[^/\s@]{1,512}@")),
    ("gh", re.compile(r"\bgh[pousr]_[A-Za-z0-9]{30}")),
    ("github_pat_", re.compile(r"\bgithub_pat_[A-Za-z0-9]{20}")),
    ("glpat-", re.compile(r"\bglpat-[A-Za-z0-9_-]{20}")),
    ("xox", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10}")),
    ("k_live_", re.compile(r"\b[sr]k_live_[A-Za-z0-9]{10}")),
    ("SG.", re.compile(r"\bSG\.[A-Za-z0-9_-]{16}\.")),
    ("eyJ", re.compile(r"\beyJ[A-Za-z0-9_-]{10,2048}\.eyJ")),
)
_SETTING_WORDS = ("passw", "pwd", "secret", "token", "key")
_setting = re.compile(
    r"(?:password|passwd|pwd|secret|secret_?key|access_?key|account_?key|api_?key|token)[\"']?=[\"']?[^\s\"'$;&]{3}"
    r"|(?:password|passwd|client_secret|secret_key|private_key|api_key)[\"']?:[ \t]{0,4}[\"']?[^\s\"'$;&]{3}"
)


def is_secret_name(name: str) -> bool:
    """Whether a string under this name is a secret. `db_password` is; `password_arn` and `token_ttl` are not."""
    return len(name) <= 256 and _is_secret_name(name)


@lru_cache(maxsize=8_192)
def _is_secret_name(name: str) -> bool:
    words = [word.lower() for word in _word.findall(name)]
    while words:
        if words[-1] in _SECRET_WORDS or tuple(words[-2:]) in _SECRET_PAIRS:
            return True
        if words[-1] not in _FORM_WORDS and not words[-1].isdigit():
            return False
        words.pop()
    return False


def is_secret_value(value: str) -> bool:
    """Private keys, cloud and forge keys, passwords in URLs and in settings, whatever their name."""
    if len(value) < 8:
        return False
    if _looks_like_a_key(value):
        return True
    if "=" not in value and ":" not in value:
        return False
    lower = value.lower()
    return any(word in lower for word in _SETTING_WORDS) and _setting.search(lower) is not None


def _looks_like_a_key(value: str) -> bool:
    if len(value) < 16 and "://" not in value:
        return False
    for mark, look in _LOOKS:  # noqa: SIM110 - as below
        if mark in value and look.search(value):
            return True
    return False


# One of these is in every name that is_secret_name knows, in lower case, and in every placeholder.
_STEMS = tuple("pass pwd secret token key credential connection dsn authoriz jwt sensitive:v1:".split())
# A string in a JSON text that could be JSON starts like this; a closing quote is never followed by them.
_SHORTEST = len('"[]"')  # the shortest string that is JSON; a pair with a name is longer
_STARTS = ("\\", '"{', '"[', '" ')


def is_harmless(json_text: str) -> bool:
    """Whether no name and no value in a JSON text can be a secret, and no string in it can be JSON itself.

    Looking through the text costs a hundredth of a walk through its values, and most texts are harmless.
    """
    if len(json_text) < _SHORTEST:
        return True
    for start in _STARTS:  # a loop: a generator would cost more than what it looks for
        if start in json_text:
            return False
    lower = json_text.lower()
    for stem in _STEMS:
        if stem in lower:
            return False
    return not _looks_like_a_key(json_text)


def secret_pair_keys(item: dict[str, object]) -> tuple[str, ...]:
    """The value keys of a name and value pair such as {"name": "DB_PASSWORD", "value": "x"} that hold a secret."""
    for key in _NAME_KEYS:
        name = item.get(key)
        if isinstance(name, str) and is_secret_name(name):
            return tuple(value for value in _VALUE_KEYS if value in item)
    return ()
