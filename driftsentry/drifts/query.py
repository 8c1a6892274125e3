"""The language of the search box: `is:open severity:>=high -env:dev ssh`, read into a frozen query. Pure.

All terms must hold; of those with the same key, and of values between commas, one. What compares (`>`, `<`) and
what is negated holds by itself, so that two of them make a span.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from driftsentry.drifts.model import Kind
from driftsentry.drifts.query_tokens import Token, clean, quoted, tokens
from driftsentry.drifts.query_values import STATES, TRAITS, Wrong, check, key_of, ranks_of
from driftsentry.ingest.text import words_of
from driftsentry.judging import Severity, matches

LENGTH = 500
MOST = 30  # terms, and values in each: every one makes the database work

_COUNTED = ("severity", "cause")


@dataclass(frozen=True, slots=True)
class Term:
    """`key` is "" for words, which are then all of the one value."""

    key: str
    values: tuple[str, ...]
    operator: str = ""
    is_negated: bool = False

    def __str__(self) -> str:
        sign = "-" if self.is_negated else ""
        if not self.key:
            return sign + quoted(self.values[0], is_word=True)
        return f"{sign}{self.key}:{self.operator}{','.join(quoted(value) for value in self.values)}"

    @property
    def words(self) -> tuple[str, ...]:
        return words_of(self.values[0])

    @property
    def says_state(self) -> bool:
        """Whether it is about the status, which otherwise the tab is."""
        return self.key == "is" and not self.is_negated and all(value in STATES for value in self.values)

    @property
    def is_of_kind(self) -> bool:
        """Whether counts that are kept can tell what it holds for."""
        return self.key in _COUNTED or (self.key == "is" and all(value in STATES for value in self.values))

    @property
    def room(self) -> str:
        """Terms with the same one are alternatives."""
        if self.key != "is":
            return self.key
        return "state" if self.is_of_kind else "trait" if set(self.values) <= set(TRAITS) else str(self)

    def holds(self, kind: Kind) -> bool:
        """Only of one that `is_of_kind`."""
        return self.is_negated != any(self._is(kind, value) for value in self.values)

    def fits(self, text: str) -> bool:
        """Whether one of the values, as a glob, is the text."""
        found = any(matches(value.lower(), text.lower()) if "*" in value else value == text for value in self.values)
        return found != self.is_negated

    def _is(self, kind: Kind, value: str) -> bool:
        if self.key == "is":
            return STATES[value](kind)
        if self.key == "cause":
            return kind.cause == value
        return Severity(kind.severity).rank in ranks_of(self.operator, value)


@dataclass(frozen=True, slots=True)
class Problem:
    """What cannot be understood, where it stands, and whole searches that may have been meant: (label, text)."""

    message: str
    start: int
    end: int
    meant: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """`problem`: of the first term that was left out because it could not be understood."""

    terms: tuple[Term, ...] = ()
    problem: Problem | None = None

    def __str__(self) -> str:
        return " ".join(str(term) for term in self.terms)

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def says_state(self) -> bool:
        return any(term.says_state for term in self.terms)

    @property
    def words(self) -> tuple[str, ...]:
        """All of these, as beginnings of words."""
        plain = [term.words for term in self.terms if not term.key and not term.is_negated]
        return tuple(dict.fromkeys(word for words in plain for word in words))

    def groups(self, *, is_of_kind: bool) -> list[tuple[Term, ...]]:
        """Of each, one term must hold: those that kept counts can tell, or the others without plain words."""
        found: dict[str, list[Term]] = {}
        for number, term in enumerate(self.terms):
            if term.is_of_kind is is_of_kind and (term.key or term.is_negated):
                stands_alone = term.is_negated or term.operator
                found.setdefault(str(number) if stands_alone else term.room, []).append(term)
        return [tuple(group) for group in found.values()]

    def holds(self, kind: Kind) -> bool:
        """Whether drifts of that kind can match."""
        return all(any(term.holds(kind) for term in group) for group in self.groups(is_of_kind=True))

    def only(self, key: str) -> str:
        """The value that the key must have, where it is one alone and no glob; otherwise ""."""
        values = self.chosen(key)
        return values[0] if len(values) == 1 and "*" not in values[0] else ""

    def chosen(self, key: str) -> tuple[str, ...]:
        """The values that `key` may have, as they were asked for."""
        return tuple(dict.fromkeys(value for term in self._plain(key) for value in term.values))

    def choosing(self, key: str, values: Iterable[str]) -> "Query":
        """The same with these values of `key` in place of others and of spans; none takes the key away."""
        kept = tuple(term for term in self.terms if term.key != key or term.is_negated)
        wanted = tuple(dict.fromkeys(values))
        return Query((*kept, Term(key, wanted)) if wanted else kept)

    def without_state(self) -> "Query":
        """The same for another tab."""
        return Query(tuple(term for term in self.terms if not term.says_state))

    def stack_test(self) -> Callable[[str, str], bool]:
        """Whether a stack (slug, environment) is wanted."""
        groups = [group for group in self.groups(is_of_kind=False) if group[0].key in ("stack", "env")]

        def test(slug: str, environment: str) -> bool:
            named = {"stack": slug, "env": environment}
            return all(any(term.fits(named[term.key]) for term in group) for group in groups)

        return test

    def _plain(self, key: str) -> tuple[Term, ...]:
        return tuple(term for term in self.terms if term.key == key and not term.is_negated and not term.operator)


NOTHING = Query()


def parse_query(text: str) -> Query:
    """Never raises: what cannot be understood is left out, and `problem` says so."""
    text = clean(text)
    if len(text) > LENGTH:
        return replace(parse_query(text[:LENGTH].rpartition(" ")[0]), problem=_too_long(text))
    terms: list[Term] = []
    problem: Problem | None = None
    found = tokens(text)
    telling = [token for token in found if not _says_nothing(token)]
    for token in telling or found:  # without the dash of `web - api`
        try:
            term = _term(token, text)
        except Wrong as wrong:
            problem = problem or _problem(text, token, wrong)
            continue
        if term not in terms:
            terms.append(term)
    if len(terms) > MOST:
        problem = problem or Problem(f"A search takes {MOST} terms at most.", 0, len(text))
    return Query(tuple(terms[:MOST]), problem)


def asking_for(**values: str) -> Query:
    """What `key=value` asks for, without those that are empty. The values are taken as they are."""
    return Query(tuple(Term(key, (value,)) for key, value in values.items() if value))


def _term(token: Token, text: str) -> Term:
    """Raises `Wrong`."""
    typed = text[token.start : token.end]
    if not token.key:
        if _says_nothing(token):
            raise Wrong(f"There is nothing to search for in {typed}: words have letters or digits.")
        return Term("", token.values, "", token.is_negated)
    key = key_of(token.key, typed.partition(":")[2])
    operator = "" if token.operator == "=" else token.operator
    if operator and len(token.values) > 1:
        raise Wrong("More or less than one value, not several.", (f"{key}:{operator}{token.values[0]}",))
    if len(token.values) > MOST:
        raise Wrong(f"{key}: takes {MOST} values at most.")
    checked = dict.fromkeys(check(key, operator, value) for value in token.values)
    return Term(key, tuple(checked), operator, token.is_negated)


def _says_nothing(token: Token) -> bool:
    """Whether it is a word without a letter and without a digit."""
    return not token.key and not words_of(token.values[0])


def _problem(text: str, token: Token, wrong: Wrong) -> Problem:
    meant = dict.fromkeys("-" * token.is_negated + each for term in wrong.meant for each in _sound(term))
    whole = tuple((each, f"{text[: token.start]}{each}{text[token.end :]}") for each in meant)
    return Problem(wrong.message, token.start, token.end, whole)


def _sound(term: str) -> list[str]:
    """The term, or what may have been meant by it where that cannot be understood either."""
    problem = parse_query(term).problem
    return [label for label, _whole in problem.meant] if problem else [term]


def _too_long(text: str) -> Problem:
    return Problem(f"A search takes {LENGTH} characters at most; this one has {len(text):,}.", LENGTH, len(text))
