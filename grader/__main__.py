"""python -m grader: where the command itself is not on the PATH."""

from .cli import main

main()
