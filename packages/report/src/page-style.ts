import { darkRules, fontFamily, inkVariables } from "./theme.js";

/** Styles of a page: light, dark, narrow, printed. Paper is light. */
export const pageStyle = `:root{color-scheme:light dark;${inkVariables("light")};--accent:#0072b2}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1.25rem 4rem;max-width:64rem;background:var(--paper);color:var(--ink);font:15px/1.5 ${fontFamily}}
h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:2.75rem 0 .75rem;padding-top:.75rem;border-top:1px solid var(--grid);overflow-wrap:anywhere}
h3{font-size:.95rem;margin:1.75rem 0 .5rem;overflow-wrap:anywhere}
p{max-width:48rem}
a{color:var(--accent)}
nav{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin-top:1rem}
.sources{margin:.5rem 0;padding-left:1.2rem;color:var(--quiet);overflow-wrap:anywhere}
.sources strong{color:var(--ink)}
aside{margin:1rem 0;padding:.6rem 1rem;border-left:4px solid #e69f00;background:color-mix(in srgb,#e69f00 12%,var(--paper))}
aside ul{margin:.25rem 0;padding-left:1.2rem}
figure{margin:1.25rem 0;overflow-x:auto}
figure svg{display:block;max-width:100%;height:auto}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.87rem;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .65rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--grid);overflow-wrap:break-word;max-width:24rem}
th{border-bottom-color:var(--line);font-weight:600;vertical-align:bottom}
td:first-child,th:first-child{padding-left:0}
.n{text-align:right}
.s{white-space:nowrap}
.forms{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin:.35rem 0 0}
.paste[open]{flex-basis:100%}
summary{cursor:pointer;color:var(--quiet);font-size:.87rem}
.table>summary{font-size:.95rem;color:var(--ink);margin:.75rem 0}
pre{margin:.4rem 0;padding:.6rem .8rem;overflow-x:auto;font-size:.8rem;border:1px solid var(--grid);user-select:all}
@media (max-width:40rem){body{padding:1rem .9rem 3rem}}
@media screen and (prefers-color-scheme:dark){
:root{${inkVariables("dark")};--accent:#56b4e9}
${darkRules("figure")}
}
@media print{
:root{color-scheme:light}
body{max-width:none;padding:0;font-size:10pt}
nav,.forms{display:none}
figure,tr,aside{break-inside:avoid}
h2,h3{break-after:avoid}
figure svg{min-width:0!important;max-width:100%}
.scroll,figure{overflow:visible}
table{font-size:8pt}
}`;
