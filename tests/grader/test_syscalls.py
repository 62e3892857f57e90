"""grader/sandbox/syscalls.py: the filter itself; test_sandbox.py tries it in a worker."""

import builtins
import struct
import sys

import pytest

from grader.errors import SandboxUnavailable
from grader.sandbox import syscalls

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")


def test_the_filter_is_a_bpf_program():
    program = syscalls.filter_program()
    assert len(program) % 8 == 0
    assert 8 <= len(program) <= 8 * 4096  # the kernel takes no more instructions
    codes = [code for code, _, _, _ in struct.iter_unpack("HBBI", program)]
    assert codes[-1] == 0x06  # BPF_RET: every path ends


def test_without_pyseccomp_it_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "pyseccomp":
            raise ImportError("No module named 'pyseccomp'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    syscalls.filter_program.cache_clear()
    try:
        with pytest.raises(SandboxUnavailable, match="pip install pyseccomp"):
            syscalls.filter_program()
    finally:
        monkeypatch.undo()
        syscalls.filter_program.cache_clear()


def test_a_call_that_libseccomp_does_not_know_is_left_out_unless_it_is_essential(monkeypatch):
    class Rules:
        def add_rule(self, action, name, *arguments):
            raise OSError(22, "unknown")

    syscalls._refuse(Rules(), None, "a_call_of_the_next_decade")
    with pytest.raises(OSError):
        syscalls._refuse(Rules(), None, "ptrace")


def test_everything_essential_is_refused():
    conditional = {"clone", "clone3", "mmap"}
    assert set(syscalls.REFUSED) | conditional >= syscalls.ESSENTIAL
    assert len(set(syscalls.REFUSED)) == len(syscalls.REFUSED)
