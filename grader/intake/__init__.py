"""From what an instructor has on disk to source text: trusted code that reads untrusted files.

    collect(PATH)            layouts.py    which layout is it, and whose work is what
      roster.py, gradescope.py             who is who
    Student.read("dot.py")   student.py    which of a student's files is meant, and which others there are
      disk.py, archive.py                  folders and zips as the same tree of nodes (tree.py), read within bounds
      names.py                             what a file's name says
      kinds.py                             what a file is by its first bytes
      text.py, notebook.py, scan.py        bytes -> source

Nothing is followed, executed, unpacked to disk or parsed as Python. Each read has a limit; a name is only ever compared.
What cannot be used raises Unreadable with one sentence; what was recovered is said in a note.
"""
