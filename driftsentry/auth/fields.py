"""What people type about a person: brought into one form, or refused with every problem at once."""

from collections.abc import Callable

from driftsentry.auth.model import Role
from driftsentry.errors import Invalid, Problem

EMAIL_LENGTH = 320
NAME_LENGTH = 100


def email_of(typed: str) -> str:
    """In lower case, without blanks around it. Raises `Invalid` for what is no e-mail address."""
    email = typed.strip().lower()
    local, _at, domain = email.partition("@")
    is_plain = email.isprintable() and " " not in email and email.count("@") == 1
    if not (is_plain and local and domain):
        raise _invalid("email", "That is not an e-mail address.")
    if len(email) > EMAIL_LENGTH:
        raise _invalid("email", f"An e-mail address has {EMAIL_LENGTH} characters at most.")
    return email


def name_of(typed: str) -> str:
    """Without blanks around it. Raises `Invalid` for one that is empty, too long, or cannot be seen."""
    name = typed.strip()
    if not name:
        raise _invalid("name", "Give a name.")
    if len(name) > NAME_LENGTH:
        raise _invalid("name", f"A name has {NAME_LENGTH} characters at most; this one has {len(name)}.")
    if not name.isprintable():
        raise _invalid("name", "The name has a character that cannot be seen. Type it anew.")
    return name


def role_of(typed: str) -> Role:
    if typed not in list(Role):
        raise _invalid("role", f"Choose a role: {', '.join(Role)}.")
    return Role(typed)


def gather(*refusals: Invalid | None) -> None:
    """Raise one `Invalid` with the problems of all; nothing when there is none."""
    problems = [problem for refusal in refusals if refusal for problem in refusal.problems]
    if problems:
        raise Invalid(" ".join(problem.message for problem in problems), problems=problems)


def _invalid(field: str, sentence: str) -> Invalid:
    return Invalid(sentence, problems=[Problem(field, sentence)])


def problem_of(check: Callable[[], object]) -> Invalid | None:
    """What `check` raises: for `gather`."""
    try:
        check()
    except Invalid as refusal:
        return refusal
    return None
