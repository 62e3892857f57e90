"""Which submissions of an exercise are alike beyond what independent right answers are. It ranks; it accuses nobody."""
