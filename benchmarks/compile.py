"""How fast archspec compiles, beside building the same networks by other means.

Run from the root of the repository: `python -m benchmarks.compile`; `--help` lists the options.
Every sample is a fresh process; the contenders of a round run in turn, in reverse order in every
second round; figures are medians of CPU seconds, so that other load matters little.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final, get_args

from benchmarks.contenders import ANALYSES, CONTENDERS, missing
from benchmarks.networks import Network, spec
from benchmarks.report import growth_table, machine, process_table

ROOT: Final = Path(__file__).resolve().parents[1]
#: Layers of the written-out residual chain that makes a spec of 100 lines.
HUNDRED_LINES: Final = 32
#: A sample that took this much longer than its CPU time had to wait for other processes.
DISTURBED: Final = 1.5


@dataclass(slots=True)
class Samples:
    """CPU seconds of one contender; `over` is the time limit that it exceeded."""

    calm: list[float] = field(default_factory=list)
    disturbed: list[float] = field(default_factory=list)
    missing: str | None = None
    failed: bool = False
    over: float | None = None

    @property
    def kept(self) -> list[float]:
        """The calm samples, or all where few are: a median of one is worse than noise."""
        few = len(self.calm) < len(self.disturbed)
        return self.calm + self.disturbed if few else self.calm

    @property
    def seconds(self) -> float | None:
        """The median of the samples that are kept."""
        return median(self.kept) if self.kept and self.over is None else None


@dataclass(frozen=True, slots=True)
class Options:
    rounds: int
    sizes: tuple[int, ...]
    networks: tuple[Network, ...]
    limit: float
    #: Contenders slower than this many seconds in their first round are not run again.
    once_over: float
    contenders: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    _say(f"{machine()}\n")
    commands = process_samples(options.rounds)
    _say(process_table(commands))
    torch_import = commands["python -c 'import torch'"].seconds
    for network in options.networks:
        table = {size: _round_robin(network, size, options) for size in options.sizes}
        _say(f"\n{network.capitalize()} chain\n")
        _say(growth_table(table, torch_import))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="benchmarks.compile", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10_000])
    networks = get_args(Network)
    parser.add_argument("--networks", nargs="+", choices=networks, default=networks)
    parser.add_argument("--limit", type=float, default=20.0, help="CPU seconds for one sample")
    parser.add_argument(
        "--once-over", type=float, default=5.0, help="CPU seconds from which one round is enough"
    )
    parser.add_argument(
        "--analyses", action="store_true", help="measure `archspec reuse` and the like instead"
    )
    given = parser.parse_args(arguments)
    return Options(
        given.rounds,
        tuple(given.sizes),
        tuple(given.networks),
        given.limit,
        given.once_over,
        tuple(ANALYSES if given.analyses else CONTENDERS),
    )


# --- the commands as whole processes -----------------------------------------------------------


def process_samples(rounds: int) -> dict[str, Samples]:
    """CPU seconds of whole processes; three times as many rounds, for they are short."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "net.arch"
        file.write_text(spec("residual", HUNDRED_LINES, loops=False), encoding="utf-8")
        commands = {
            "archspec check, 100 lines": ["-m", "archspec", "check", str(file)],
            "archspec --help": ["-m", "archspec", "--help"],
            "python -c 'import torch'": ["-c", "import torch"],
            "python -c pass": ["-c", "pass"],
        }
        samples = {name: Samples() for name in commands}
        for command in commands.values():  # writes byte code and the grammar's tables
            _measure(Samples(), command, limit=60.0, whole=True)
        for round_ in range(3 * rounds):
            for name in _in_turn(commands, round_):
                _measure(samples[name], commands[name], limit=60.0, whole=True)
    return samples


# --- contenders --------------------------------------------------------------------------------


def _round_robin(network: Network, size: int, options: Options) -> dict[str, Samples]:
    samples = {name: Samples(missing=missing(name)) for name in options.contenders}
    for round_ in range(options.rounds):
        for name in _in_turn(options.contenders, round_):
            if _done(samples[name], options.once_over):
                continue
            command = ["-m", "benchmarks.contenders", name, network, str(size)]
            _measure(samples[name], command, options.limit, whole=False)
    return samples


def _in_turn(names: Iterable[str], round_: int) -> list[str]:
    return list(names) if round_ % 2 == 0 else list(reversed(list(names)))


def _done(samples: Samples, once_over: float) -> bool:
    slow = any(s > once_over for s in (*samples.calm, *samples.disturbed))
    return slow or samples.failed or samples.missing is not None or samples.over is not None


def _measure(samples: Samples, command: list[str], limit: float, whole: bool) -> None:
    """Add a sample: the CPU time of the `whole` process, or what it prints."""
    process, begin = _start(command, limit), time.perf_counter()
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.stdout.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    used, waited = usage.ru_utime + usage.ru_stime, time.perf_counter() - begin
    if process.returncode != 0:
        # The system sends this signal at the limit, a little before or after it by this clock.
        if process.returncode == -signal.SIGXCPU or used >= limit:
            samples.over = limit
        else:
            samples.failed = True
        return
    seconds = used if whole else float(printed)
    (samples.disturbed if waited > DISTURBED * used else samples.calm).append(seconds)


def _start(command: list[str], limit: float) -> "subprocess.Popen[str]":
    """A process on one thread that the system ends after `limit` seconds of CPU time."""
    # A soft limit: at a hard one the signal would be SIGKILL, as if memory had run out.
    shell = f'ulimit -S -t {round(limit)}; ulimit -s unlimited 2>/dev/null; exec "$@"'
    # As installed, with byte code: else each process would compile archspec's own source first.
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        ["bash", "-c", shell, "bash", sys.executable, *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**inherited, "OMP_NUM_THREADS": "1", "PYTHONPATH": path},
    )


if __name__ == "__main__":
    main()
