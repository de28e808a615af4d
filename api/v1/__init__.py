"""The JSON interface under /api/v1; each module has the name of its room in irl."""
