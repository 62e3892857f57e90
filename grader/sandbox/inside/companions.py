"""Other files that a submission's own file may import by name: the capstone is built out of the student's modules.

They are no part of `sys.modules`: the reference's `gru` and a misconception's live in one process, and must not meet.
"""

import builtins
import linecache
import types
from collections.abc import Mapping
from typing import Any

from .fault import NotHandedIn


class Companions:
    """Sources by module name, each run when it is first imported."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = dict(sources)
        self._loaded: dict[str, types.ModuleType] = {}

    @property
    def filenames(self) -> tuple[str, ...]:
        return tuple(f"{name}.py" for name in self._sources)

    def share(self, namespace: dict[str, Any]) -> None:
        """Let what runs in this namespace import them."""
        if self._sources:
            namespace["__builtins__"] = {**vars(builtins), "__import__": self._import}

    def load(self, name: str) -> types.ModuleType:
        """The module of this name. Raises NotHandedIn, or whatever its source raises."""
        if name in self._loaded:
            return self._loaded[name]
        if name not in self._sources:
            raise NotHandedIn(f"{name}.py")
        source, filename = self._sources[name], f"{name}.py"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        module = types.ModuleType(name)
        module.__file__ = filename
        self.share(module.__dict__)
        self._loaded[name] = module  # before it runs, as Python does: two files may import each other
        try:
            exec(compile(source, filename, "exec", dont_inherit=True), module.__dict__)
        except BaseException:
            del self._loaded[name]
            raise
        return module

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: tuple[str, ...] = (),
        level: int = 0,
    ) -> Any:
        if level == 0 and name in self._sources:
            return self.load(name)
        return builtins.__import__(name, globals, locals, fromlist, level)
