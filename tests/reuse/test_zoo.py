"""The report of each published model: its totals are the published ones, and all formats write."""

from xml.etree import ElementTree as ET

import pytest

from archspec.backends.report import write_reports
from archspec.passes.sizes import open_sizes
from archspec.reuse.report import ReuseReport, report
from archspec.reuse.sized import sized
from tests.support.cases import ZOO
from tests.support.references import counted_at
from tests.support.zoo import Case, graph_of

PUBLISHED = [case for case in ZOO if case.published]


def report_of(case: Case) -> ReuseReport:
    graph = graph_of(case.spec, case.model, **case.inference).graph
    left_open = open_sizes(graph)
    return report(sized(graph, {k: v for k, v in counted_at(case).items() if k in left_open}))


@pytest.mark.parametrize("case", PUBLISHED, ids=str)
def test_reports_of_published_models(case: Case) -> None:
    found = report_of(case)
    want = case.published
    assert want is not None
    assert found.totals.macs == sum(found.nodes.macs)
    if not case.inference:
        assert found.totals.parameters == want.parameters
    if want.macs is not None:
        assert found.totals.macs == want.macs
    assert found.totals.peak_bytes == max(found.nodes.live_bytes)
    assert found.totals.peak_bytes_in_place <= found.totals.peak_bytes
    moments = zip(found.nodes.held_bytes, found.nodes.live_bytes, strict=True)
    assert all(0 <= held <= live for held, live in moments)
    assert found.totals.parameters_saved == sum(reused.saved for reused in found.weights)
    page = ET.fromstring(write_reports([found], "html"))
    assert sum(svg.get("class") == "plot" for svg in page.iter("svg")) >= 3
    assert f"{found.totals.macs:,}" in write_reports([found], "latex")
    assert ReuseReport.model_validate_json(found.to_json()) == found
