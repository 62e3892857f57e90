"""What run_autograder starts."""

from .run import main

main()
