"""Lets `python -m routedsl` be the command `routedsl`."""

from routedsl.tools.cli import main

if __name__ == "__main__":
    main()
