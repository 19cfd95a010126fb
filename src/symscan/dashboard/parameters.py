"""What a request may ask for: every parameter has a type, a bound, and an error that names it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from symscan.errors import InputError
from symscan.model.instant import SECOND, Instant

MOST_ROWS: Final = 5_000
"""How many rows one answer has at most."""

MOST_CHARACTERS: Final = 4_000
"""How long a query may be."""

MOST_VALUES: Final = 100
"""How often one parameter may be given."""

_LONGEST_NAME: Final = 300
_FARTHEST: Final = 4_102_444_800
"""The year 2100, in seconds."""
_NUMBER: Final = re.compile(r"-?\d{1,15}(\.\d{1,6})?")


class Parameters:
    """The parameters of one request.

    Parameters
    ----------
    values
        The texts given, by name.
    """

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = values

    def expect(self, *names: str) -> None:
        """Check that nothing else is given.

        Raises
        ------
        InputError
            If something is.
        """
        strange = [name for name in self._values if name not in names]
        if strange:
            known = ", ".join(names) or "none"
            raise InputError(f"there is no parameter '{_short(strange[0])}' here; there are: {known}")

    def texts(self, name: str) -> list[str]:
        """Return all texts of a name, without empty ones.

        Raises
        ------
        InputError
            If there are too many, or one is too long.
        """
        given = [one for one in self._values.get(name, ()) if one]
        if len(given) > MOST_VALUES:
            raise InputError(f"'{name}' is given {len(given)} times; at most {MOST_VALUES} are answered")
        long = [one for one in given if len(one) > _LONGEST_NAME]
        if long:
            raise InputError(f"'{name}' is longer than {_LONGEST_NAME} characters; shorten it")
        return given

    def text(self, name: str) -> str | None:
        """Return the text of a name; None where it is not given.

        Raises
        ------
        InputError
            If it is given more than once, or too long.
        """
        given = self.texts(name)
        if len(given) > 1:
            raise InputError(f"'{name}' is given {len(given)} times; give it once")
        return given[0] if given else None

    def needed(self, name: str) -> str:
        """Return the text of a name that has to be given.

        Raises
        ------
        InputError
            If it is not.
        """
        found = self.text(name)
        if found is None:
            raise InputError(f"'{name}' is missing; give it")
        return found

    def day(self, name: str = "session") -> date | None:
        """Return a date; None where it is not given.

        Raises
        ------
        InputError
            If it is none.
        """
        given = self.text(name)
        if given is None:
            return None
        try:
            return date.fromisoformat(given)
        except ValueError:
            raise InputError(f"'{name}' is '{_short(given)}', which is no date; write 2018-02-20") from None

    def instant(self, name: str) -> Instant | None:
        """Return an instant that is given in seconds since 1970; None where it is not.

        Raises
        ------
        InputError
            If it is no number, or out of range.
        """
        given = self.text(name)
        if given is None:
            return None
        if not _NUMBER.fullmatch(given) or not 0 <= float(given) <= _FARTHEST:
            raise InputError(f"'{name}' is '{_short(given)}'; give seconds since 1970, in UTC")
        return round(float(given) * SECOND)

    def whole(self, name: str, default: int, most: int) -> int:
        """Return a whole number from 0 on; ``default`` where it is not given.

        Raises
        ------
        InputError
            If it is none, or above ``most``.
        """
        given = self.text(name)
        if given is None:
            return default
        if not (given.isascii() and given.isdigit()) or len(given) > 9 or int(given) > most:
            raise InputError(f"'{name}' is '{_short(given)}'; give a whole number from 0 to {most}")
        return int(given)

    def choice(self, name: str, choices: Sequence[str], default: str) -> str:
        """Return one of some texts; ``default`` where none is given.

        Raises
        ------
        InputError
            If it is none of them.
        """
        given = self.text(name)
        if given is None:
            return default
        if given not in choices:
            raise InputError(f"'{name}' is '{_short(given)}'; it is one of {', '.join(choices)}")
        return given

    def flag(self, name: str) -> bool:
        """Return whether a flag is set, by ``1``.

        Raises
        ------
        InputError
            If it is anything else than 0 or 1.
        """
        return self.choice(name, ("0", "1"), "0") == "1"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}..."
