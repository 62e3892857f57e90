"""The course in a notebook. Nothing here is imported before it is needed: `nbgrader` and a notebook's kernel start sooner.

cells.py     what notebooks are made of: the guide, the code cut at its definitions; nbgrader's are made of the same
written.py   a student's notebook, made of guide and stub
live.py      the visible checks, on the functions that a running notebook has now
imports.py   what such a notebook may import: given files, and other exercises that are notebooks
shown.py     results as a notebook shows them: a table, hints, a picture
magics.py    `%load_ext grader`: %check, %%check, %hint, %show, %explain, %lang
"""
