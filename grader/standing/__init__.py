"""What a grade comes to in the end: raw points − what being late costs + what the instructor adjusts (docs/grades.md).

    policy.py        what course.toml says of due dates, late work and resubmissions
    times.py         when work was handed in, as far as anybody trustworthy tells
    extensions.py    who may hand in later: columns of the roster
    adjustments.py   the instructor's own word: a CSV file, kept in the store
    final.py         one grade's Standing; `standings` of a class

All of it is computed when it is asked for: the stored records stay what the checks gave, and a new policy needs no regrade.
"""
