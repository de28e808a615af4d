"""`python -m api` is the script `irl`, for where scripts are not installed."""

from api.cli import main

main()
