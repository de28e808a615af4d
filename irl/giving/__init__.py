"""Giving: scans, flattrs, pockets, and what a month is worth so far."""
