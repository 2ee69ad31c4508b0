/** One style sheet for light, dark, phones and paper. Pairs of text and ground have a contrast of 4.5 or more. */

const LIGHT = `--ground:#f6f5f1;--card:#fff;--ink:#1d1f23;--quiet:#575b63;--rule:#d9d7d0;--accent:#0b5f59;--band:#dfe6ee;
--lane:#f3f1eb;--box:#fff;--bar:#33658a;--bar2:#c77b30;--copied:#b3261e;--reference:#0a6b4b;--device:#5b4b8a;--unknown:#6b6f76;--none:#a8aaa9;
--holds:#0a6b4b;--fails:#b3261e;--depends:#8a5300;--doubt:#5c5f66;--warn:#fff4df;
--tone0:#b8420d;--tone1:#7a35d1;--tone2:#047857;--tone3:#1d4ed8;--tone4:#be185d;--tone5:#57534e;--tone6:#8c5e06;--tone7:#0e7490;--tone8:#4d7c0f;--tone9:#9f1239;`;

const DARK = `--ground:#131519;--card:#1c1f25;--ink:#e9e8e4;--quiet:#a9adb5;--rule:#3a3e46;--accent:#5cc8bd;--band:#2b3441;
--lane:#23272e;--box:#14171b;--bar:#6ea8d8;--bar2:#e0a15e;--copied:#ff8a80;--reference:#5fd3a4;--device:#b9a8f0;--unknown:#a3a8b0;--none:#5e636b;
--holds:#5fd3a4;--fails:#ff8a80;--depends:#f0b95b;--doubt:#b4b8c0;--warn:#3a2f17;
--tone0:#ff9a5c;--tone1:#b79cff;--tone2:#45d29b;--tone3:#7fb0ff;--tone4:#ff8cc0;--tone5:#c0bab2;--tone6:#e5bd4f;--tone7:#4fcfe6;--tone8:#a3d45a;--tone9:#ff9aa8;`;

export const STYLE = `
:root{color-scheme:light dark;${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box}
[data-lang=en] .zh,[data-lang=zh] .en{display:none}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI","Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;overflow-wrap:anywhere}
header,main,footer{max-width:1180px;margin:0 auto;padding:0 20px}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-9999px}.skip:focus{left:12px;top:12px;background:var(--card);padding:8px 14px;z-index:2}
h1{font-size:clamp(1.5rem,4vw,2.1rem);line-height:1.2;margin:0;letter-spacing:-.01em}
h2{font-size:1.45rem;line-height:1.25;margin:3rem 0 .35rem}
h3{font-size:1.1rem;margin:1.8rem 0 .6rem}h4{margin:.2rem 0;font-size:1rem}
p{margin:.4rem 0}code{font:.88em/1.5 ui-monospace,"SF Mono",Menlo,Consolas,monospace}
.quiet,.lead{color:var(--quiet)}.quiet{font-size:.88rem}.lead{margin:0 0 1rem;max-width:75ch}
.bar{display:flex;flex-wrap:wrap;gap:8px 18px;align-items:center;padding-block:18px 6px;font-size:.9rem}
.bar nav{display:flex;flex-wrap:wrap;gap:4px 16px;flex:1}
button{font:inherit;font-size:.85rem;color:var(--ink);background:var(--card);border:1px solid var(--rule);border-radius:7px;padding:4px 12px;min-height:32px;cursor:pointer}
button:hover{border-color:var(--accent)}button[aria-pressed=true]{background:var(--accent);color:var(--card);border-color:var(--accent)}
.hero{background:var(--card);border:1px solid var(--rule);border-radius:16px;padding:clamp(18px,3.5vw,34px);margin-top:6px}
.hero .answer{font-size:clamp(1.02rem,2.1vw,1.22rem);line-height:1.6;max-width:72ch;margin:.9rem 0}.hero .answer p{margin:.5rem 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:1.2rem 0 .6rem;padding:0;list-style:none}
.tiles li{border:1px solid var(--rule);border-left:5px solid var(--tone,var(--accent));border-radius:10px;padding:10px 14px;line-height:1.35}
.tiles b{display:block;font-size:1.6rem;line-height:1.2;letter-spacing:-.01em}.tiles span{font-size:.85rem}
.warnings{margin:1rem 0 0;padding:0;list-style:none}.warnings li,.warning{background:var(--warn);border-radius:9px;padding:8px 14px;margin:.4rem 0;font-size:.93rem}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:18px;align-items:start}
.grid.four{grid-template-columns:repeat(auto-fit,minmax(min(100%,330px),1fr))}
figure{margin:0}
.plot{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:14px 16px}
.plot.tall{grid-row:span 2}.plot figcaption b,.plot figcaption .quiet{display:block}
.chart text{font-size:12px}.chart svg{display:block;width:100%;height:auto;max-width:620px}
.swatch{display:inline-block;width:.8em;height:.8em;border-radius:3px;vertical-align:-.05em;margin:0 .3em 0 0;background:var(--bar)}
.swatch.band{background:var(--band);border:1px solid var(--rule)}.swatch.part1{background:var(--bar2);margin-left:.5em}
.paths{display:grid;gap:18px;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr))}.path.both{grid-column:1/-1}
.path{background:var(--card);border:1px solid var(--rule);border-top:5px solid var(--tone);border-radius:12px;padding:14px 20px 18px}
.path h3{margin:.1rem 0 .3rem;font-size:1.25rem;color:var(--tone)}
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:14px 34px;margin-top:.6rem}
.pictures figcaption{font-weight:600;font-size:.92rem;margin-bottom:.3rem}.said figcaption{font-weight:400;color:var(--quiet)}
.said svg{opacity:.92}
.facts{display:flex;flex-wrap:wrap;gap:2px 18px;font-size:.9rem}.fact b{font-size:1.12rem}.fact.at{color:var(--quiet)}
svg.way{display:block;width:100%;height:auto;max-width:560px}
.way text{font:12px system-ui,"Noto Sans CJK SC",sans-serif;fill:var(--ink)}
.way .boxname{font-size:12.5px;font-weight:600;text-anchor:middle}.way .lanename{font-size:10.5px;text-anchor:end;fill:var(--quiet)}
.way .lane{fill:var(--lane)}.way .box{fill:var(--box);stroke:var(--quiet);stroke-width:1.2}.way .box.unseen{stroke-dasharray:4 4}
.way .hop{--c:var(--unknown)}.way .copied{--c:var(--copied)}.way .reference{--c:var(--reference)}.way .device{--c:var(--device)}.way .none{--c:var(--none)}
.way line{stroke:var(--c);stroke-width:2.4}.way polygon{fill:var(--c)}.way .copied line{stroke-width:5}
.way .reference line{stroke-dasharray:7 4}.way .unknown line{stroke-dasharray:2 4}.way .none line{stroke-width:1.4;stroke-dasharray:1 4}
.way .device line{stroke-dasharray:12 3 3 3}
.way circle{fill:var(--card);stroke:var(--c);stroke-width:2}.way .copied circle{fill:var(--c)}
.way .number{text-anchor:middle;font-size:11.5px;font-weight:700;fill:var(--c)}.way .copied .number{fill:var(--card)}
.keys{display:flex;flex-wrap:wrap;gap:4px 22px;list-style:none;padding:0;margin:.5rem 0 1rem;font-size:.9rem}.keys li{display:flex;align-items:center;gap:8px}
svg.way.key{width:44px;flex:none}
.hops{padding-left:1.5em;margin:.5rem 0 0;font-size:.9rem}.hops li{margin:.15rem 0}.hops b{color:var(--unknown)}
.hops .copied b{color:var(--copied)}.hops .reference b{color:var(--reference)}.hops .device b{color:var(--device)}
.because{color:var(--quiet);font-size:.85em}
.mini{display:inline-block;font-size:.8rem;border:1px solid currentColor;border-radius:99px;padding:0 9px;margin:1px 4px 1px 0;color:var(--reference);white-space:nowrap}.mini.copied{color:var(--copied)}.mini.copied::before{content:"● "}.mini.reference::before{content:"→ "}
details.fold{margin:.8rem 0 0}summary{cursor:pointer}.fold>summary{font-size:.92rem;color:var(--accent);padding:4px 0}
.scroll{overflow-x:auto;margin:.5rem 0}
table{border-collapse:collapse;font-size:.86rem;line-height:1.4;overflow-wrap:normal}caption{text-align:left;color:var(--quiet);font-size:.84rem;padding:2px 0 6px}
th,td{padding:5px 12px 5px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}th{font-weight:600}thead th{vertical-align:bottom}td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td small{color:var(--quiet)}.missing{color:var(--quiet)}.no{color:var(--fails);font-weight:600}
.causes{font-size:.84rem;color:var(--quiet);padding-left:0;list-style:none}
.pick{border:0;padding:0;margin:1.4rem 0 .8rem;display:flex;flex-wrap:wrap;gap:8px 10px;align-items:center;font-size:.93rem}.pick legend{float:left;padding:0;margin-right:6px}
.pick label{display:inline-flex;gap:7px;align-items:center;border:1px solid var(--rule);background:var(--card);border-radius:99px;padding:4px 14px;cursor:pointer}
.pick label:has(:checked){border-color:var(--accent);box-shadow:inset 0 0 0 1px var(--accent)}
.pick label:has(:focus-visible){outline:3px solid var(--accent);outline-offset:2px}.pick input{margin:0;accent-color:var(--accent)}
.panes>.pane{display:none}.pane h4{display:none}
PANES
.claim{background:var(--card);border:1px solid var(--rule);border-radius:10px;margin:.45rem 0}
.claim>summary{display:flex;gap:12px;align-items:baseline;padding:9px 16px;list-style:none}.claim>summary::-webkit-details-marker{display:none}
.claim>summary::after{content:"+";margin-left:auto;color:var(--quiet);font-weight:700}.claim[open]>summary::after{content:"–"}
.claim[open]>summary{border-bottom:1px solid var(--rule);font-weight:600}.inside{padding:8px 16px 14px}
.verdict{white-space:nowrap;font-weight:700;font-size:.86rem;color:var(--doubt);flex:none}.claim>summary .verdict{min-width:6.2em}
.verdict.holds{color:var(--holds)}.verdict.fails{color:var(--fails)}.verdict.depends{color:var(--depends)}
.case{border-left:3px solid var(--rule);padding:2px 0 2px 14px;margin:.9rem 0}
.seen{font-size:.84rem;color:var(--quiet);padding-left:1.2em;margin:.4rem 0}.terms{font-size:.9rem;margin:.6rem 0}.terms dt{color:var(--quiet);font-size:.84rem}.terms dd{margin:0 0 .4rem}
.command code{background:var(--lane);border-radius:6px;padding:3px 8px}.command button{margin-left:6px}
main:has(#only-holds:checked) .claim:not(.holds),main:has(#only-fails:checked) .claim:not(.fails),main:has(#only-depends:checked) .claim:not(.depends),main:has(#only-unknown:checked) .claim:not(.unknown){display:none}
main:has(#only-holds:checked) .topic:not(:has(.claim.holds)),main:has(#only-fails:checked) .topic:not(:has(.claim.fails)),main:has(#only-depends:checked) .topic:not(:has(.claim.depends)),main:has(#only-unknown:checked) .topic:not(:has(.claim.unknown)){display:none}
.facts-list{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,260px),1fr));gap:10px 26px;margin:.6rem 0}.facts-list dt{color:var(--quiet);font-size:.84rem}.facts-list dd{margin:0}
.plain{padding-left:1.2em}.plain li{margin:.25rem 0}
footer{padding-block:40px 60px;color:var(--quiet);font-size:.86rem}
#status{position:fixed;bottom:14px;left:50%;transform:translateX(-50%);background:var(--ink);color:var(--ground);border-radius:8px;padding:6px 16px;font-size:.9rem}#status:empty{display:none}
@media (max-width:520px){header,main,footer{padding-inline:12px}.plot{padding:12px 8px}.path{padding:12px 12px 16px}.claim>summary{flex-wrap:wrap;gap:2px 10px;padding:9px 12px}.claim>summary .statement{flex:1 1 80%}.inside{padding-inline:12px}h2{margin-top:2.2rem}}
@media print{:root{${LIGHT}}body{background:#fff;font-size:11pt}.bar,.copy,.copy-command,.pick,#status{display:none}.panes>.pane{display:block!important}.pane h4{display:block}.plot,.path,.claim,.hero{break-inside:avoid}h2,h3{break-after:avoid}.scroll{overflow:visible}}
`.replace('PANES', panes(12));

/** The pane of the size that is chosen. */
function panes(most: number): string {
  return Array.from(
    { length: most },
    (_, i) => `.pick:has([value="${i}"]:checked)+.panes>.pane:nth-child(${i + 1}){display:block}`,
  ).join('');
}
