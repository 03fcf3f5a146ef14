"""Files written so that a reader sees the old one or the new one, never a part."""

import os
import stat
from pathlib import Path
from typing import NoReturn

from archspec.diagnostics import ArchSpecError, Diagnostic


def write_atomically(path: Path, text: str, help: str = "write elsewhere with `-o`") -> None:
    """Write `text` as UTF-8 so that a reader sees the old file or the new one, never a part.

    A file that exists keeps its permissions, a link its target; what is no regular file (a
    terminal, a pipe) is written to directly. Raises `ArchSpecError` A0802, with `help` where the
    file or its directory cannot be written to.
    """
    write_bytes_atomically(path, text.encode("utf-8", errors="backslashreplace"), help)


def write_bytes_atomically(
    path: Path, data: bytes, help: str = "write elsewhere with `-o`"
) -> None:
    """As `write_atomically`, for bytes."""
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            if target.is_dir():
                _refuse(path, "it is a directory", "give the name of a file in it")
            target.write_bytes(data)
            return
        _replace(target, data)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        missing = isinstance(error, FileNotFoundError)
        help = "make the directory first" if missing else help
        _refuse(path, reason, help)


def _replace(target: Path, data: bytes) -> None:
    from tempfile import NamedTemporaryFile

    existing = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    if existing is not None and not os.access(target, os.W_OK):
        raise PermissionError(None, "permission denied")
    with NamedTemporaryFile(
        dir=target.parent, prefix=f".{target.name}.", suffix=".tmp", delete=False
    ) as file:
        temporary = Path(file.name)
        try:
            file.write(data)
            file.flush()
            temporary.chmod(existing if existing is not None else 0o666 & ~_umask())
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _umask() -> int:
    """The process's mask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _refuse(path: Path, reason: str, help: str) -> NoReturn:
    message = f"cannot write `{path}`: {reason}"
    raise ArchSpecError((Diagnostic("A0802", "error", message, help=(help,)),))
