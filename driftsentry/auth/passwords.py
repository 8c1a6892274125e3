"""Passwords: bcrypt with 12 rounds, off the event loop, two at a time, at low priority."""

import asyncio
import contextlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import bcrypt

from driftsentry.auth.model import PASSWORD_BYTES
from driftsentry.errors import Invalid, Problem, Unavailable

ROUNDS = 12
SHORT, LONG = 8, 15  # a long one is hard to guess; a shorter one must not be among the common ones
AT_ONCE = 2
QUEUE = 500


def _lower_priority() -> None:
    # Other requests keep their time while passwords are hashed; where the system refuses, nothing is lost.
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="bcrypt", initializer=_lower_priority)


def check_new(password: str, email: str, name: str, *, field: str = "password") -> None:
    """Raises `Invalid` for a password that is easily guessed. No rules about kinds of characters."""
    try:
        check_length(password)
    except Invalid as refusal:
        raise _refused(refusal.message, field) from None
    typed = password.strip().lower()
    if len(password) < SHORT:
        raise _refused(f"Take {SHORT} characters or more; {LONG} are better. A few words make a good one.", field)
    if len(set(typed)) <= 1 or typed == email:
        raise _refused("That is too easy to guess. A few words make a good one.", field)
    if len(password) >= LONG:
        return
    if typed in _own_words(email, name):
        raise _refused("That is too easy to guess: it is about you, or about DriftSentry.", field)
    if typed in _common():
        raise _refused(f"That is one of the common passwords. Take another one, or {LONG} characters.", field)


def _refused(sentence: str, field: str) -> Invalid:
    return Invalid(sentence, problems=[Problem(field, sentence)])


def _own_words(email: str, name: str) -> set[str]:
    called = name.strip().lower()
    return {"driftsentry", email.lower(), email.lower().partition("@")[0], called, called.replace(" ", "")}


@cache
def _common() -> frozenset[str]:
    """The 30,000 that leaks show most often, in lower case."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]

    return frozenset(FREQUENCY_LISTS["passwords"])


def check_length(password: str) -> None:
    """Raises `Invalid` for what bcrypt would refuse: it reads 72 bytes and no zero byte."""
    if len(password.encode()) > PASSWORD_BYTES:
        sentence = f"A password may have {PASSWORD_BYTES} bytes at most (letters with accents count twice)."
        raise Invalid(sentence, problems=[Problem("password", sentence)])
    if not password or "\0" in password:
        sentence = "Type your password."
        raise Invalid(sentence, problems=[Problem("password", sentence)])


def hash_now(password: str) -> str:
    """Takes 300 ms of CPU: for the command line and start-up only."""
    check_length(password)
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(ROUNDS)).decode()


async def hash(password: str) -> str:
    """As `hash_now`, in the threads for it: for those who wait in a browser."""
    check_length(password)
    loop = asyncio.get_running_loop()
    hashed = await loop.run_in_executor(_threads, bcrypt.hashpw, password.encode(), bcrypt.gensalt(ROUNDS))
    return hashed.decode()


async def is_right(password: str, password_hash: str | None) -> bool:
    """Whether they match. Without a hash (no such user) the same time is spent, and the answer is no."""
    known = password_hash or _hash_of_nobody()
    loop = asyncio.get_running_loop()
    matches = await loop.run_in_executor(_threads, bcrypt.checkpw, password.encode(), known.encode())
    return matches and bool(password_hash)  # empty: invited, and no password yet


@cache
def _hash_of_nobody() -> str:
    """A well-formed hash that no password has; made by hand, for computing one takes 300 ms."""
    return f"$2b${ROUNDS}$" + "." * 53


class Turns:
    """At most two hashes at once; who waits, waits in order, and not in any number."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def __aenter__(self) -> None:
        if self._waiting >= QUEUE:
            raise Unavailable("Too many people are signing in at this moment. Try again shortly.")
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(self, *_error: object) -> None:
        self._places.release()
