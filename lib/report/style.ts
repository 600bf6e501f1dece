/** The page's style sheet; follows the reader's light or dark setting. */
export const style = `
:root{color-scheme:light dark;--ink:#1b1e23;--soft:#667;--line:#dde;--paper:#fff;--a:#2563eb;--b:#d97706;--good:#16a34a}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaee;--soft:#9aa3b2;--line:#333a45;--paper:#15181d;--a:#7aa5ff;--b:#f5b04c;--good:#4ade80}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1040px;padding:24px;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:22px;margin:0}h2{font-size:17px;margin:36px 0 8px}p{margin:4px 0 12px;color:var(--soft);max-width:75ch}
.figures{display:flex;flex-wrap:wrap;gap:8px 28px;margin:0 0 12px}.figures div{min-width:90px}
dt{color:var(--soft);font-size:12px}dd{margin:0;font-size:18px;font-variant-numeric:tabular-nums}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(320px,1fr));gap:8px 20px}
.chart{margin:0}.chart svg{width:100%;height:auto;display:block}
.chart text{fill:var(--soft);font-size:11px}.chart .title{fill:var(--ink);font-size:13px;font-weight:600}
.chart .grid line{stroke:var(--line)}
.s0{--s:var(--a)}.s1{--s:var(--b)}
.s0 polyline,.s1 polyline{fill:none;stroke:var(--s);stroke-width:1.6;stroke-linejoin:round}
.s0 line,.s1 line{stroke:var(--s);stroke-width:2}
.dot{fill:var(--s);opacity:0}.dot:hover{opacity:1}.only{fill:var(--s)}
.sheet{max-width:100%;image-rendering:auto;border:1px solid var(--line)}
.t{display:inline-block;width:40px;height:40px;margin:2px 2px 0;background-repeat:no-repeat;vertical-align:top;border-bottom:3px solid transparent}
.same{border-bottom-color:var(--good)}.query{margin-right:14px}
.neighbours{border-collapse:collapse;display:block;overflow-x:auto}
.neighbours th{text-align:left;font-weight:500;color:var(--soft);padding-right:24px}
.neighbours td{padding:2px 24px 2px 0;white-space:nowrap}
.map{border:1px solid var(--line);padding:16px;aspect-ratio:4/3}
.map>div{position:relative;width:100%;height:100%}
.point{position:absolute;width:24px;height:24px;margin:-12px;border:2px solid var(--c,transparent);border-radius:3px}
.point:hover{transform:scale(2.4);z-index:1}
.key{list-style:none;display:flex;flex-wrap:wrap;gap:2px 16px;padding:0;margin:0 0 8px;font-size:13px}
.key li::before{content:"";display:inline-block;width:10px;height:10px;margin-right:6px;border-radius:2px;background:var(--c)}
.options{border-collapse:collapse;font-size:13px}.options th{text-align:left}
.options td,.options th{padding:2px 20px 2px 0;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}
summary{cursor:pointer;color:var(--soft)}
`
