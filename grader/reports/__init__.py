"""Reports read Grades and decide nothing."""
