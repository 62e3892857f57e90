"""Attacks on the grader through `attention`: each a submission that is right but for one hostile definition."""

import ctypes
import os
import sys
import time

import torch

from grader.variants import hostile


@hostile("hostile-endless-loop", replaces="softmax", verdict="timeout")
def endless_loop(x, dim):
    while True:
        pass


@hostile("hostile-sleep", replaces="softmax", verdict="timeout")
def sleep(x, dim):
    time.sleep(10_000)


@hostile("hostile-exit", replaces="softmax", verdict="crashed")
def exit_zero(x, dim):
    os._exit(0)


@hostile("hostile-sys-exit", replaces="softmax", verdict="error")
def sys_exit(x, dim):
    sys.exit(0)


@hostile("hostile-memory", replaces="softmax", verdict="memory")
def memory(x, dim):
    return torch.ones(10**11)


@hostile("hostile-segfault", replaces="softmax", verdict="crashed")
def segfault(x, dim):
    return ctypes.string_at(0)


@hostile("hostile-fork-bomb", replaces="softmax", verdict="error")
def fork_bomb(x, dim):
    while True:
        os.fork()


@hostile("hostile-print-forever", replaces="softmax", verdict="timeout")
def print_forever(x, dim):
    while True:
        print("x" * 10_000)


@hostile("hostile-steals-hidden-tests", replaces="softmax", verdict="error")
def steals_hidden_tests(x, dim):
    for folder, _, files in os.walk("/"):
        for name in files:
            if name == "test_attention.py":
                print(open(os.path.join(folder, name)).read())
    raise FileNotFoundError("no hidden tests in this file system")


@hostile("hostile-nan", replaces="softmax", verdict="failed")
def nan(x, dim):
    return torch.full_like(x, float("nan"))


@hostile("hostile-liar", replaces="softmax", verdict="failed")
def liar(x, dim):
    class EqualsAll:
        def __eq__(self, other):
            return True

        def __getattr__(self, name):
            return self

    return EqualsAll()
