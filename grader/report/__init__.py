"""`grader report`: what the stored records say of a class, as a folder of pages that opens from a file.

gather.py    one pass over the grades that count -> Class: all that is shown
tally.py     the grades of one exercise, one after the other -> Findings; keeps counts, and no grade
findings.py  what there is to say of an exercise: rows, checks with their figures, mistakes, speed, review, notes
measures.py  the figures themselves: discrimination index, histogram, an even sample (docs/report.md has the formulas)
totals.py    the class: a line a student
picked.py    who stands in a table of a class that is too large for one
tables.py    such a class as CSV files, written as its grades come
clusters.py  mistakes that nobody has named, grouped by what the wrong answers are (runs the submissions again)
charts.py    SVG, by Vega-Lite
words.py     what a verdict, a remark or a number is called on a page
pages.py     findings -> the files of the folder, by Jinja
make.py      `make_report`: all of this in order
"""
