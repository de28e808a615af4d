"""`python -m scanner FILE…` without the rest of the house."""

from scanner.shell import scan

if __name__ == "__main__":
    scan(prog_name="python -m scanner")
