"""How a stack reports: the recipes of docs/ci-recipes.md, with its own address in place of the one there."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "ci-recipes.md"
# Sections of the document, and how many of their blocks a page shows: above later ones stands what they are for.
SECTIONS = {"GitHub Actions": 1, "GitLab CI": 1, "Jenkins": 1, "Atlantis": 1, "Plain cron": 2, "Other tools": 1}
SERVER, STACK = "https://drift.example.com", "prod/network"
_BLOCK = re.compile(r"^```\w+\n(.*?)^```$", re.M | re.S)


@dataclass(frozen=True, slots=True)
class Recipe:
    title: str
    blocks: tuple[str, ...]


@cache
def documented() -> tuple[Recipe, ...]:
    """As they stand in the document."""
    found = {
        section.partition("\n")[0]: tuple(_BLOCK.findall(section))
        for section in re.split(r"^## ", DOCUMENT.read_text(), flags=re.M)[1:]
    }
    return tuple(Recipe(title, found[title][:amount]) for title, amount in SECTIONS.items())


def recipes_for(slug: str, base_url: str) -> list[Recipe]:
    """For one stack on the server at `base_url`."""

    def fitting(block: str) -> str:
        block = block.replace(STACK, slug).replace(STACK.replace("/", "-"), slug.replace("/", "-"))
        return block.replace(SERVER, base_url).rstrip("\n")

    return [Recipe(recipe.title, tuple(map(fitting, recipe.blocks))) for recipe in documented()]
