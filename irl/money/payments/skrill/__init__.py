"""Skrill, which was called Moneybookers: Quick Checkout, and status posts proven here."""
