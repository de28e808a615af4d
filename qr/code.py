"""The code: 12 random characters and one check character.

**Alphabet.** Crockford's base 32 (https://www.crockford.com/base32.html): the digits and the
letters without I, L, O and U. All of it is in the alphanumeric set of QR codes (ISO/IEC 18004,
table 5), so an upper-case address makes a small symbol.

**Check character.** Crockford's own check (modulo 37) needs signs such as ``~`` that QR's
alphanumeric set lacks. Ours is a Reed-Solomon code with one check symbol (Reed and Solomon,
"Polynomial Codes over Certain Finite Fields", 1960). Each character is an element of GF(32),
built with x^5 + x^2 + 1; g is the class of x and has order 31. The 13 values are weighted with
g^12, g^11, … g^1 and, for the check character, g^0 = 1, and must sum to zero:

- one wrong character at weight w changes the sum by w·(a + b), which is not zero since
  neither factor is;
- swapping any two different characters a and b, neighbours or not, the check character
  included, changes the sum by (v + w)·(a + b), which is not zero since the weights g^0 … g^12
  differ from each other.

Other damage passes by chance once in 32 times; then the code is looked up and is not found.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, Self

from qr.errors import ForeignCode, UnknownCode

__all__ = [
    "ALPHABET",
    "LENGTH",
    "PAYLOAD_LIMIT",
    "RANDOM_BITS",
    "Code",
    "address",
    "authority",
    "mint",
    "parse",
]

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 13
RANDOM_BITS: Final = 60
PAYLOAD_LIMIT: Final = 200

_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}
_TIMES_ALPHA: Final = tuple((v << 1) ^ (0b100101 if v & 16 else 0) for v in range(32))
# Python's int(…, 32) counts with 0-9 and A-V, so the letters after I move down.
_TO_PYTHON: Final = str.maketrans(ALPHABET, "0123456789ABCDEFGHIJKLMNOPQRSTUV")

_CANONICAL: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{13}")
_WHITE_SPACE: Final = " \t\r\n"
_TYPED: Final = str.maketrans({"I": "1", "L": "1", "O": "0", " ": None, "-": None})
_WEB_ADDRESS: Final = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<rest>(?:[/?#][!-~]*)?)",
)
_PATH: Final = re.compile(r"/t/([0-9a-hjkmnp-tv-z]{13})/?")
_DEFAULT_PORT: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was checked: a value of this type exists only in its canonical form.

    Raises:
        ValueError: the text is not 13 canonical characters that sum to zero. Text from
            outside goes through `parse`, which knows all spellings and raises `CodeError`.
    """

    text: str

    def __post_init__(self) -> None:
        if _CANONICAL.fullmatch(self.text) is None:
            raise ValueError("a code is 13 upper-case characters of Crockford's base 32")
        if _weighted_sum(self.text) != 0:
            raise ValueError("the check character does not fit the other twelve")

    def __str__(self) -> str:
        return self.text

    @property
    def grouped(self) -> str:
        """For people to read and type: groups of 4, 4 and 5, such as ``ABCD-EFGH-JKMNP``."""
        return f"{self.text[:4]}-{self.text[4:8]}-{self.text[8:]}"

    @property
    def number(self) -> int:
        """The 60 random bits as an integer, 0 <= number < 2**60, for a signed 64-bit column."""
        return int(self.text[:-1].translate(_TO_PYTHON), 32)

    @classmethod
    def from_number(cls, number: int) -> Self:
        """The code of these 60 bits; the inverse of `number`.

        Raises:
            ValueError: the number is negative or has more than 60 bits.
        """
        if not 0 <= number < 1 << RANDOM_BITS:
            raise ValueError("the number of a code has 60 bits")
        digits = "".join(ALPHABET[number >> shift & 31] for shift in range(55, -1, -5))
        return cls(digits + ALPHABET[_TIMES_ALPHA[_weighted_sum(digits)]])


def mint(randbits: Callable[[int], int] = secrets.randbits) -> Code:
    """A new code of 60 random bits.

    That no other placement has it is for the database to say: at a million codes the chance of
    a collision is about 1 in 2.3 million (birthday bound, n^2 / 2^61).
    """
    return Code.from_number(randbits(RANDOM_BITS))


def parse(payload: str, *, base_url: str) -> Code:
    """Read a payload from a photo, a link or a keyboard; the one check that all of them pass.

    Two forms are taken, each with white space around it (blanks, tabs, line ends):

    - our address ``SCHEME://HOST/T/CODE`` in any case, with http or https, with or without one
      slash at the end. Host and port are those of `base_url`; the default port of a scheme may
      be written or left out (RFC 3986, 6.2.3). The code stands in it as it was printed;
    - a typed code: blanks and hyphens are ignored, I and L are read as 1, O as 0.

    Args:
        payload: at most 200 characters, nothing in it is trusted.
        base_url: where this house lives, such as ``https://flattr.example``.

    Raises:
        ForeignCode: a well-formed http or https address with another host or port.
        UnknownCode: anything else, such as a wrong check character, another path, a query, a
            fragment, user information, percent-encoding or any character beyond ASCII.
        ValueError: `base_url` itself cannot be printed; see `address`.
    """
    base = _base(base_url)
    # Refused before any change of case, which can lead into ASCII: the upper case of the long s
    # is S, the lower case of the Kelvin sign is k.
    if len(payload) > PAYLOAD_LIMIT or not payload.isascii():
        raise UnknownCode("this is not a code")
    text = payload.strip(_WHITE_SPACE)
    if found := _WEB_ADDRESS.fullmatch(text.lower()):
        return _from_address(found, base)
    return _checked(text.upper().translate(_TYPED))


def address(code: Code, *, base_url: str) -> str:
    """What is printed: ``HTTPS://HOST/T/CODE``, all upper case, with `base_url`'s own scheme.

    Raises:
        ValueError: `base_url` is not ``http(s)://host[:port]``, with or without a slash at the
            end, or is so long that `parse` would refuse the address.
    """
    base = _base(base_url)
    return f"{base.scheme}://{base.authority}/T/{code}".upper()


def authority(base_url: str) -> str:
    """Host, and port unless it is the scheme's default: what is printed for people to type.

    Raises:
        ValueError: as `address`.
    """
    return _base(base_url).authority


class _Base(NamedTuple):
    scheme: str
    host: str
    port: int | None

    @property
    def authority(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


@lru_cache(maxsize=16)
def _base(base_url: str) -> _Base:
    found = _WEB_ADDRESS.fullmatch(base_url.lower()) if base_url.isascii() else None
    if found is None or found["rest"] not in ("", "/"):
        raise ValueError("the base address must be http(s)://host[:port], without a path")
    base = _Base(found["scheme"], found["host"], _port(found))
    if len(f"{base.scheme}://{base.authority}/T/") + LENGTH > PAYLOAD_LIMIT:
        raise ValueError(f"the base address makes codes longer than {PAYLOAD_LIMIT} characters")
    return base


def _port(found: re.Match[str]) -> int | None:
    """The port, or None for the default one of the address's own scheme."""
    port = int(found["port"]) if found["port"] else None
    return None if port == _DEFAULT_PORT[found["scheme"]] else port


def _from_address(found: re.Match[str], base: _Base) -> Code:
    if (found["host"], _port(found)) != (base.host, base.port):
        raise ForeignCode("this code belongs to another host")
    path = _PATH.fullmatch(found["rest"])
    if path is None:
        raise UnknownCode("this address of ours is not that of a code")
    return _checked(path[1].upper())


def _checked(text: str) -> Code:
    try:
        return Code(text)
    except ValueError as error:
        raise UnknownCode("this is not a code, or a character of it is wrong") from error


def _weighted_sum(characters: str) -> int:
    """The sum over GF(32) by Horner's rule; the last character has weight 1, the one before g."""
    total = 0
    for character in characters:
        total = _TIMES_ALPHA[total] ^ _VALUES[character]
    return total
