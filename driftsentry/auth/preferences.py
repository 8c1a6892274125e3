"""How somebody likes his pages: kept with him, so that every browser of his shows them so from the first byte on."""

from collections.abc import Iterable
from typing import Literal, get_args

import msgspec

from driftsentry.errors import Invalid

# What a row of the list may show beside severity and address, in this order.
Column = Literal["stack", "action", "status", "age"]
COLUMNS: tuple[Column, ...] = get_args(Column)


class Preferences(msgspec.Struct, frozen=True, omit_defaults=True):
    """`keys`: whether single keys do something. `columns`: those of `COLUMNS` that lists show."""

    keys: bool = True
    diff: Literal["unified", "split"] = "unified"
    density: Literal["comfortable", "compact"] = "comfortable"
    columns: tuple[Column, ...] = ("stack", "action", "status", "age")

    def changed(self, **wishes: bool | str | Iterable[str]) -> "Preferences":
        """Raises `Invalid` for what cannot be chosen."""
        try:
            found = msgspec.convert(msgspec.to_builtins(self) | wishes, Preferences)
        except msgspec.ValidationError:
            raise Invalid("That cannot be chosen. Choose one of what the page offers.") from None
        return msgspec.structs.replace(found, columns=tuple(each for each in COLUMNS if each in found.columns))


def read(text: str) -> Preferences:
    """As they are stored; what another version has written and this one does not know is as for who chose nothing."""
    try:
        return msgspec.json.decode(text, type=Preferences)
    except msgspec.DecodeError:
        return Preferences()


def written(preferences: Preferences) -> str:
    return msgspec.json.encode(preferences).decode()
