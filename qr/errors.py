"""What `qr.code.parse` refuses.

::

    CodeError               a payload that is no code of ours
      ├─ ForeignCode        a well-formed web address, but of another host
      └─ UnknownCode        anything else
"""

__all__ = ["CodeError", "ForeignCode", "UnknownCode"]


class CodeError(Exception):
    """The payload is not a code of ours. The payload itself is never part of the message."""


class ForeignCode(CodeError):
    """The payload is a web address of another host."""


class UnknownCode(CodeError):
    """The payload is neither our address nor a typed code, or its check character is wrong."""
