"""The tables that the benchmark prints, as Markdown."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Measured(Protocol):
    """What a table shows of one contender."""

    calm: list[float]
    disturbed: list[float]
    missing: str | None
    failed: bool
    over: float | None

    @property
    def kept(self) -> list[float]: ...

    @property
    def seconds(self) -> float | None: ...


def machine() -> str:
    """Processor, cores, load and the versions of Python."""
    load = os.getloadavg()[0]
    return (
        f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"load {load:.1f} at the start; CPU seconds, one thread"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def process_table(samples: Mapping[str, Measured]) -> str:
    """Whole processes: their CPU time and its ratio to importing torch."""
    torch = samples["python -c 'import torch'"].seconds
    rows = [["whole process", "CPU seconds", "of importing torch", "rounds"]]
    for name, measured in samples.items():
        seconds = measured.seconds
        ratio = f"{seconds / torch:.2f}x" if seconds and torch else ""
        rows.append([f"`{name}`", _shown(measured), ratio, _rounds(measured)])
    return _markdown(rows)


def growth_table(table: Mapping[int, Mapping[str, Measured]], torch_import: float | None) -> str:
    """Contenders by number of layers, with ratios to the first contender of the same size."""
    sizes = list(table)
    header = ["", *(f"{size:,} layers" for size in sizes)]
    if len(sizes) > 1:
        header.append(f"time for {sizes[-1] / sizes[-2]:g}x layers")
    if torch_import:
        header.append(f"{sizes[-1]:,} / importing torch")
    rows = [header]
    for name in table[sizes[0]]:
        row = [name]
        for size in sizes:
            base = next(iter(table[size].values())).seconds
            row.append(_with_ratio(table[size][name], base))
        last = table[sizes[-1]][name].seconds
        if len(sizes) > 1:
            before = table[sizes[-2]][name].seconds
            row.append(f"{last / before:.1f}x" if last and before else "")
        if torch_import:
            row.append(f"{last / torch_import:.2f}x" if last else "")
        rows.append(row)
    all_ = [m for by_name in table.values() for m in by_name.values()]
    discarded = sum(_discarded(m) for m in all_)
    noisy = sum(sum(map(len, (m.calm, m.disturbed))) - _discarded(m) - len(m.calm) for m in all_)
    return (
        f"{_markdown(rows)}\n\n{discarded} samples discarded for other load on the machine, "
        f"{noisy} kept in spite of it; * one sample."
    )


def _discarded(measured: Measured) -> int:
    return len(measured.calm) + len(measured.disturbed) - len(measured.kept)


def _with_ratio(measured: Measured, base: float | None) -> str:
    seconds = measured.seconds
    if seconds and base:
        return f"{_shown(measured)} ({seconds / base:.1f}x)"
    if measured.over is not None and base:
        return f"{_shown(measured)} (> {measured.over / base:.0f}x)"
    return _shown(measured)


def _shown(measured: Measured) -> str:
    if measured.missing is not None:
        return f"{measured.missing} is not installed"
    if measured.over is not None:
        return f"> {measured.over:g}"
    if measured.failed or measured.seconds is None:
        return "failed"
    star = "*" if len(measured.kept) == 1 else ""
    digits = 2 if measured.seconds >= 0.1 else 3
    return f"{measured.seconds:.{digits}f}{star}"


def _rounds(measured: Measured) -> str:
    return f"{len(measured.kept)}, {_discarded(measured)} discarded"


def _markdown(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


__all__ = ["growth_table", "machine", "process_table"]
