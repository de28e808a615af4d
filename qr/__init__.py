"""Codes as symbols: minted, parsed, drawn and printed. Knows no word of the domain.

``qr.code`` needs the standard library only, so that those who merely read codes start without
a drawing library. ``qr.render`` and ``qr.poster`` are imported by those who draw.
"""

from qr.code import Code, address, mint, parse
from qr.errors import CodeError, ForeignCode, UnknownCode

__all__ = ["Code", "CodeError", "ForeignCode", "UnknownCode", "address", "mint", "parse"]
