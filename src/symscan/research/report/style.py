"""The style of the page: light and dark by the reader's setting, light on paper."""

from __future__ import annotations

from typing import Final

CSS: Final = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#57606a;--line:#d0d7de;--soft:#f6f8fa;--a:#0b62c4;
--b:#8fbdf0;--bad:#b42318;--up:#1a7f37;--down:#b42318;--stay:#0b62c422;--h0:#d9e8fa;--h1:#a9ccf3;--h2:#6ea6e6;
--h3:#2f7bd0;--h4:#0a4d9e}
@media screen and (prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--dim:#9aa4af;--line:#30363d;
--soft:#161b22;--a:#58a6ff;--b:#1f4a80;--bad:#ff7b72;--up:#3fb950;--down:#ff7b72;--stay:#58a6ff33;--h0:#10243c;
--h1:#173e6b;--h2:#1f5ea8;--h3:#388bfd;--h4:#a5d1ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1080px;padding:16px;background:var(--bg);color:var(--fg);
font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;overflow-wrap:anywhere}
h1{font-size:22px;margin:0 0 4px}h2{font-size:17px;margin:28px 0 8px;border-bottom:1px solid var(--line);
padding-bottom:4px}h3{font-size:15px;margin:22px 0 6px}
p{margin:4px 0 8px}.small{font-size:12px}
.dim,figcaption,.none{color:var(--dim)}.bad{color:var(--bad);font-weight:600}
.verdict{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:8px 12px}
.keys{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:8px}
.key{border:1px solid var(--line);border-radius:6px;padding:8px 10px}.key b{display:block;font-size:20px}
.key span{color:var(--dim);font-size:12px}
figure{margin:8px 0}figcaption{font-size:12px;margin-bottom:2px}
svg{width:100%;height:auto;display:block}svg text{font-size:11px;fill:var(--dim)}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(160px,1fr));gap:8px 16px}
.best{display:grid;grid-template-columns:repeat(auto-fill,minmax(310px,1fr));gap:10px 16px}
.best figure,.grid figure{break-inside:avoid;margin:0}.best figcaption b{color:var(--fg)}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));
gap:4px 24px;align-items:start}
.pair figure{break-inside:avoid;max-width:540px}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px;overflow-wrap:normal}
td:first-child{min-width:96px;max-width:240px;overflow-wrap:anywhere}td.n{white-space:nowrap}
th,td{text-align:left;padding:3px 12px 3px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--dim);font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums}
pre{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:10px;font-size:12px;
white-space:pre-wrap;overflow-wrap:anywhere}
path{stroke:none}path.a{fill:var(--a)}path.b{fill:var(--b)}path.s{fill:var(--stay)}path.u{fill:var(--up)}
path.d{fill:var(--down)}path.x{stroke:var(--line);fill:none}path.m{stroke:var(--bad);stroke-width:1.5;
stroke-dasharray:3 2;fill:none}path.p{stroke:var(--dim);stroke-dasharray:2 3;fill:none}
path.l{stroke:var(--a);stroke-width:1.5;fill:none}
path.uw{stroke:var(--up);fill:none}path.dw{stroke:var(--down);fill:none}
path.h0{fill:var(--h0)}path.h1{fill:var(--h1)}path.h2{fill:var(--h2)}path.h3{fill:var(--h3)}path.h4{fill:var(--h4)}
@media print{@page{size:A4;margin:14mm}body{max-width:none;padding:0;font-size:10.5pt}
path,body,.verdict{print-color-adjust:exact;-webkit-print-color-adjust:exact}h2,h3,h3+pre{break-after:avoid}
.pair,.best{grid-template-columns:1fr 1fr}.keys{grid-template-columns:repeat(5,1fr)}
.grid{grid-template-columns:repeat(4,1fr)}tr,figure,.key{break-inside:avoid}.wide{overflow:visible}table{font-size:9pt}}
"""
