"""The table of an ablation, as the section of a paper has it."""

from archspec.backends.tables import TableFormat
from archspec.backends.tables.grid import Grid, write_grid
from archspec.reuse.ablation.table import AblationTable, Measures, Row

_MIB = 2**20
#: Exact counts of paths up to here, powers of two above.
_COUNTED = 10**6


def write_ablation(table: AblationTable, format: TableFormat) -> str:
    """`table` in a format, with a line end at the end; exact numbers in CSV, else changes too."""
    if format == "csv":
        return write_grid(_exact(table), "csv")
    sizes = ", ".join(f"{name}={size}" for name, size in table.sizes.items())
    head = ("", "edges", "parameters", "", "MACs", "", "peak", "backward", "paths", "mean steps")
    rows = [_cells(table.model, "", table.whole, None)]
    notes: list[str] = []
    for row in table.rows:
        if row.measures is None:
            notes.append(f"{_name(row)}: {row.fault}")
            rows.append((_name(row), str(len(row.edges)), *("–",) * (len(head) - 2)))
            continue
        edges = "" if row.widened else str(len(row.edges))
        rows.append(_cells(_name(row), edges, row.measures, table.whole))
    at = f" at {sizes}" if sizes else ""
    return write_grid(
        Grid(
            head,
            tuple(rows),
            caption=f"{table.model} without some of its reuse{at}.",
            label=f"ablation-{table.model}",
            notes=(
                *notes,
                "MACs: multiply-adds of one run. Peak: live features, in MiB. "
                "Backward: features kept for it, in MiB.",
                "Paths: of gradients, by the weighted layers on them. "
                "Accuracy is not shown: train each to know.",
            ),
            rule=frozenset({1}),
        ),
        format,
    )


def _name(row: Row) -> str:
    if row.widened:
        values = ", ".join(f"{name} = {_value(value)}" for name, value in row.widened.items())
        return f"  with {values}"
    return f"without {row.name}"


def _value(value: object) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)


def _cells(name: str, edges: str, found: Measures, whole: Measures | None) -> tuple[str, ...]:
    return (
        name,
        edges,
        f"{found.parameters:,}",
        _change(found.parameters, whole.parameters if whole is not None else None),
        f"{found.macs:,}",
        _change(found.macs, whole.macs if whole is not None else None),
        _mib(found.peak_bytes),
        _mib(found.saved_bytes),
        _paths(found),
        f"{found.mean_length:.1f}",
    )


def _mib(count: int) -> str:
    size = count / _MIB
    return f"{size:.2f}" if size < 10 else f"{size:,.1f}"


def _change(now: int, before: int | None) -> str:
    if not before:
        return ""
    change = 100 * (now - before) / before
    return f"{change:+.1f} %".replace("-", "−") if abs(change) >= 0.05 else "±0"


def _paths(found: Measures) -> str:
    count = int(found.paths, 16)
    if count <= _COUNTED:
        return f"{count:,}"
    power = count.bit_length() - 1
    return f"2^{power}" if count == 1 << power else f"≈2^{power}"


def _exact(table: AblationTable) -> Grid:
    head = (
        "model", "edges", "parameters", "macs", "peak_bytes", "saved_bytes", "paths", "mean_length",
        "fault",
    )  # fmt: skip
    rows = [(table.model, "", *_numbers(table.whole), "")]
    for row in table.rows:
        numbers = _numbers(row.measures) if row.measures is not None else ("",) * 6
        rows.append((_name(row).strip(), str(len(row.edges)), *numbers, row.fault))
    return Grid(head, tuple(rows))


def _numbers(found: Measures) -> tuple[str, ...]:
    return (
        str(found.parameters),
        str(found.macs),
        str(found.peak_bytes),
        str(found.saved_bytes),
        str(int(found.paths, 16)),
        f"{found.mean_length:.6g}",
    )


__all__ = ["write_ablation"]
