"""`python -m driftsentry`."""

from driftsentry.cli import main

if __name__ == "__main__":
    main()
