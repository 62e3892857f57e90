"""dot2vit inside nbgrader: source notebooks, grading in place of running cells, the gradebook. See docs/nbgrader.md.

`import nbgrader` is the real one; this package is `grader.nbgrader`.
"""
