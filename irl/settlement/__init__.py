"""Settlement: closing a month once, its statements, and the audit of everything."""

from irl.settlement.runner import Progress, Settled, settle

__all__ = ["Progress", "Settled", "settle"]
