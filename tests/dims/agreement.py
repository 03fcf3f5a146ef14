"""Verdicts on many random questions against all oracles, counted."""

import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from archspec.dims import Unknown, Verdict
from tests.dims.oracles import NotAffine, isl_fault, tried_fault, z3_fault
from tests.dims.questions import Question, random_question


@dataclass(slots=True)
class Agreement:
    """What was found: `verdicts` by kind of question and answer, `asked` by oracle."""

    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def total(self) -> int:
        return self.verdicts.total()

    def share(self, answer: str) -> float:
        return sum(n for (_, a), n in self.verdicts.items() if a == answer) / self.total

    def add(self, question: Question, with_z3: bool) -> None:
        begin = time.process_time()
        verdict = question.ask()
        self.seconds += time.process_time() - begin
        self.verdicts[question.kind, type(verdict).__name__.lower()] += 1
        if isinstance(verdict, Unknown):
            return
        self._note("brute force", question, verdict, tried_fault(question, verdict))
        with suppress(NotAffine):
            self._note("isl", question, verdict, isl_fault(question, verdict))
        if with_z3:
            self._note("z3", question, verdict, z3_fault(question, verdict))

    def _note(self, oracle: str, question: Question, verdict: Verdict, fault: str | None) -> None:
        self.asked[oracle] += 1
        if fault is not None:
            self.faults.append(f"{oracle}: {question}: {verdict}: {fault}")

    def __str__(self) -> str:
        answers = ("proven", "refuted", "unknown")
        lines = [f"{'':12}" + "".join(f"{a:>10}" for a in answers)]
        for kind in ("equal", "divisible", "at_least"):
            row = "".join(f"{self.verdicts[kind, a]:>10,}" for a in answers)
            lines.append(f"{kind:12}{row}")
        lines.append(f"{'share':12}" + "".join(f"{self.share(a):>10.2%}" for a in answers))
        asked = ", ".join(f"{oracle} {n:,}" for oracle, n in self.asked.items())
        lines.append(f"compared: {asked}; {len(self.faults)} faults")
        lines.append(f"{1000 * self.seconds / self.total:.2f} ms of CPU a question")
        return "\n".join(lines)


def agreement(seed: int, count: int, z3_every: int = 1) -> Agreement:
    """`count` questions; the SMT solver, which is slow, is asked one in `z3_every`."""
    rng = random.Random(seed)
    found = Agreement()
    for number in range(count):
        found.add(random_question(rng), with_z3=z3_every > 0 and number % z3_every == 0)
    return found
