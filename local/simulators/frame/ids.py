"""Where identifiers and other random text come from; a test hands in a seeded generator."""

import random

__all__ = ["Ids"]


class Ids:
    """
    Random identifiers in the forms platforms use.

    Args:
        source: the generator; the operating system's when absent.
    """

    def __init__(self, source: random.Random | None = None) -> None:
        self._source = source or random.SystemRandom()

    def hex(self, digits: int = 32) -> str:
        """Return lower-case hexadecimal digits."""
        return f"{self._source.getrandbits(4 * digits):0{digits}x}"

    def uuid(self) -> str:
        """Return a UUID-shaped text in upper case."""
        digits = self.hex().upper()
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def number(self, digits: int = 19) -> str:
        """Return decimal digits that do not start with zero and fit into 63 bits."""
        return str(self._source.randrange(7 * 10 ** (digits - 1), 8 * 10 ** (digits - 1)))

    def octets(self, count: int) -> bytes:
        """Return random bytes."""
        return self._source.randbytes(count)
