"""Grading on a cluster of Dask workers, behind the same `concurrent.futures` interface as on one machine.

Dask, because it is what SLURM (dask-jobqueue) and Kubernetes (the Dask operator) clusters are already driven by from Python,
its scheduler gives a dead worker's tasks to another one, and its workers can say that they have a GPU.
"""
