"""`python -m safeconduct`."""

from safeconduct.cli import main

if __name__ == "__main__":
    main()
