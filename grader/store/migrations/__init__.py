"""How a store of an older version becomes one of this version: a file of `versions/` a step, run by Alembic."""
