"""The style sheet of report pages: light and dark, by what the reader's system prefers.

Of the bytes that an edge holds, colour and width both tell; areas differ by their hatching.
"""

from typing import Final

STYLE: Final = """\
:root { color-scheme: light dark; --page: #fff; --ink: #1d2125; --soft: #5a6168; --rule: #d5d9dd;
  --panel: #f6f7f8; --live: #a9bfd6; --live-edge: #4a6d92; --held: #f4cfa4; --hatch: #a8480a;
  --dot: #1f5f9e; --b0: #7a8188; --b1: #c98018; --b2: #c0600f; --b3: #a8420a; --b4: #842508;
  --b5: #520d06; }
@media screen and (prefers-color-scheme: dark) {
  :root { --page: #16191d; --ink: #ececec; --soft: #a9b1b9; --rule: #3a4149; --panel: #1f2429;
    --live: #33506e; --live-edge: #8fb4da; --held: #5c3c1c; --hatch: #f0a050; --dot: #7db8ee;
    --b0: #868e96; --b1: #a3672a; --b2: #cc7a2c; --b3: #ee963c; --b4: #ffb95e; --b5: #ffe2a8; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 62rem; background: var(--page);
  color: var(--ink); font: 16px/1.5 system-ui, "Liberation Sans", Arial, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 1rem 0 .2rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .5rem; }
p { margin: .3rem 0; }
.soft, figcaption p, caption { color: var(--soft); font-size: .9rem; }
.limits { border-left: 4px solid var(--hatch); padding: .3rem .8rem; margin: 1rem 0;
  background: var(--panel); }
nav ul { padding-left: 1.2rem; }
figure { margin: 0; }
.scroll { overflow-x: auto; }
svg.plot { display: block; width: 100%; min-width: 40rem; height: auto; margin: .6rem 0; }
svg text { font: 12px system-ui, "Liberation Sans", Arial, sans-serif; fill: var(--soft); }
svg .note { fill: var(--ink); font-weight: 600; }
.axis { stroke: var(--soft); fill: none; } .grid { stroke: var(--rule); fill: none; }
.arc { fill: none; stroke-opacity: .85; } .arc:hover { stroke-opacity: 1; stroke: var(--dot); }
.b0 { stroke: var(--b0); stroke-width: 1px; } .b1 { stroke: var(--b1); stroke-width: 1.2px; }
.b2 { stroke: var(--b2); stroke-width: 1.7px; } .b3 { stroke: var(--b3); stroke-width: 2.3px; }
.b4 { stroke: var(--b4); stroke-width: 3px; } .b5 { stroke: var(--b5); stroke-width: 4px; }
.residual { stroke-dasharray: 7 3; } .gate { stroke-dasharray: 9 3 2 3; }
.fine { stroke-width: 1px; stroke-dasharray: none; }
.live { fill: var(--live); stroke: var(--live-edge); }
.held { fill: var(--held); } .hatch { stroke: var(--hatch); stroke-width: 2px; }
.reuse { stroke: var(--hatch); } .peak { stroke: var(--ink); stroke-dasharray: 3 3; fill: none; }
.bar { fill: var(--dot); } .dot { fill: var(--dot); fill-opacity: .6; stroke: var(--page); }
.iso { stroke: var(--soft); stroke-dasharray: 5 4; stroke-opacity: .6; fill: none; }
svg .iso-label { font-size: 11px; paint-order: stroke; stroke: var(--page); stroke-width: 5px; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; padding: 0;
  margin: .2rem 0; font-size: .85rem; }
.legend svg { width: 32px; height: 12px; margin-right: .4rem; vertical-align: middle; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
caption { text-align: left; padding-bottom: .4rem; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
thead th { border-bottom: 2px solid var(--soft); }
.totals th { text-align: left; font-weight: normal; }
.edges :is(th, td):nth-child(-n+2), .weights :is(th, td):nth-child(-n+2) { text-align: left; }
.totals .part th { padding-left: 2rem; }
.totals td { white-space: normal; overflow-wrap: anywhere; }
.way { white-space: normal; overflow-wrap: anywhere; min-width: 14rem; }
@media print { body { max-width: none; } article + article { break-before: page; }
  h2 { break-after: avoid; } .scroll { overflow: visible; } svg.plot { min-width: 0; }
  figure, tr { break-inside: avoid; } }
"""
