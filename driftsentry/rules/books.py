"""Everything that is known beside a report, as one book for each stack."""

import msgspec

from driftsentry import clock, stacks
from driftsentry.db import Tx
from driftsentry.drifts import BookOf
from driftsentry.judging import Book, matches
from driftsentry.judging.ignoring import Path
from driftsentry.rules.ignore_queries import select_active
from driftsentry.rules.severity_queries import select_ruleset

_path = msgspec.json.Decoder(Path)


def books(key: bytes) -> BookOf:
    """What gives the book of a stack, by its slug and environment. `key`: the server's secret for fingerprints."""

    async def book_of(tx: Tx, slug: str, environment: str) -> Book:
        ignores = [rule for rule in await select_active(tx, clock.now()) if matches(rule.stack_glob, slug)]
        stack = await stacks.select_stack(tx, slug)
        learned = await stacks.select_learned(tx, stack.id) if stack else []
        return Book(
            key=key,
            stack=slug,
            environment=environment,
            rules=await select_ruleset(tx),
            ignores=tuple(ignores),
            learned=frozenset((each.resource_type, _path.decode(each.path)) for each in learned),
        )

    return book_of
