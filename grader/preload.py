"""What every grading process needs, imported once: by the process that they are all forked from, and by no other."""

import gc
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: threads do not survive a fork

import pytest_timeout  # noqa: F401  to have it in memory
import torch

from . import grade  # noqa: F401  to have it, and all that it needs, in memory

torch.set_num_threads(1)
gc.freeze()  # what is here is not scanned, so not copied, in the processes
