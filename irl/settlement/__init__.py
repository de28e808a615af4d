"""Settlement: closing a month once, its statements, and the audit of everything."""

from irl.settlement.runner import Progress, Settled, settle
from irl.settlement.statement import Statement

__all__ = ["Progress", "Settled", "Statement", "settle"]
