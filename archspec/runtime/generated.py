"""Emitted Python as modules in memory, whose lines tracebacks and `inspect` can show."""

import linecache
import sys
from hashlib import sha256
from types import ModuleType


def module_of(source: str, label: str) -> ModuleType:
    """The module that `source` defines; the same one for the same source and label.

    `label` is a name for people, such as the model's. The module is entered in `sys.modules`, so
    that objects of its classes can be pickled within this process.
    """
    name = f"archspec_{label}_{sha256(source.encode()).hexdigest()[:12]}"
    known = sys.modules.get(name)
    if known is not None:
        return known
    module = ModuleType(name)
    sys.modules[name] = module
    try:
        execute(source, module, f"<{name}.py>")
    except BaseException:
        del sys.modules[name]
        raise
    return module


def execute(source: str, module: ModuleType, filename: str) -> None:
    """Run `source` as the contents of `module`; `filename` is how tracebacks call it."""
    module.__file__ = filename
    # Without a time of change the entry is kept as it is: there is no file to compare it with.
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), module.__dict__)
