"""Joining, invitations, signing in, sessions and tokens."""
