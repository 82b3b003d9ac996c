"""Lets a workflow's modules be compiled once a process.

The sandbox imports the workflow code anew for every run. Where Python keeps no compiled files (a read-only image,
PYTHONDONTWRITEBYTECODE), each run would compile its source again: two thirds of what a run costs before it does anything. Where
it does, each would read them again and hold a copy of its own. Code never changes, so all runs may have the same; what
the sandbox keeps apart, modules and what is in them, stays apart.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

_PACKAGE = "workflows."

_compiled: dict[str, CodeType] = {}
"""By the path of the source."""


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType | None:
        if self.path not in _compiled:
            code = super().get_code(fullname)
            if code is None:
                return None
            _compiled[self.path] = code
        return _compiled[self.path]


class _Finder(MetaPathFinder):
    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if not fullname.startswith(_PACKAGE):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(fullname, spec.loader.path)
        return spec


def install() -> None:
    """Has imports of workflow modules go this way from now on. Safe to repeat."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
