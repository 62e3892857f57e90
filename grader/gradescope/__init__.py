"""An autograder for Gradescope: `build` makes the zip, `run` is what runs in Gradescope's container (docs/gradescope.md)."""
