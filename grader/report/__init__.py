"""`grader report`: what the stored records say of a class, as a folder of pages that opens from a file.

findings.py  records of one exercise -> Findings: rows, checks with their figures, mistakes, speed, review, notes
measures.py  the figures themselves: discrimination index, histogram (docs/report.md has the formulas)
clusters.py  mistakes that nobody has named, grouped by what the wrong answers are (runs the submissions again)
charts.py    SVG, by Vega-Lite
words.py     what a verdict, a remark or a number is called on a page
pages.py     findings -> the files of the folder, by Jinja
make.py      `make_report`: all of this in order
"""
