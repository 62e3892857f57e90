"""Two facts of a worker's confinement that the trusted end knows, too. confine.py has the rest, and imports only on Linux."""

SCRATCH = "/scratch"  # the only writable folder; not /tmp, where the interpreter itself may be installed
MAX_THREADS = 256
