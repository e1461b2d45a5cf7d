import { oneLine } from "@neft/options";
import { pageStyle } from "./page-style.js";
import type { Report } from "./report.js";
import type { Section } from "./section.js";
import type { Chart, Spec } from "./spec.js";
import { embedded, escaped, standalone } from "./svg.js";
import { cellText, isBest, type Table, tableForms } from "./table.js";

/** Draws a Vega-Lite spec as SVG. */
export type Renderer = (spec: Spec) => Promise<string>;

/** A chart that was drawn. */
export interface RenderedChart extends Chart {
  /** SVG for a file of its own; it turns dark on a dark screen. */
  readonly svg: string;
  /** SVG in light colours, with attributes alone: what other programs read. */
  readonly plainSvg: string;
}

/** A report with its charts drawn. */
export interface RenderedReport {
  /** A page that needs nothing else: no network, no scripts. */
  readonly html: string;
  readonly charts: readonly RenderedChart[];
  readonly tables: readonly Table[];
}

/** Draws the charts of a report and makes its page. */
export async function renderReport(report: Report, render: Renderer): Promise<RenderedReport> {
  const charts: RenderedChart[] = [];
  for (const chart of report.sections.flatMap((section) => section.charts)) {
    // Drawing may leave marks in a spec.
    const plainSvg = await render(structuredClone(chart.spec));
    charts.push({ ...chart, plainSvg, svg: standalone(plainSvg) });
  }
  const drawn = new Map(charts.map((chart) => [chart.id, chart]));
  return { html: pageOf(report, drawn), charts, tables: report.sections.flatMap((section) => section.tables) };
}

/** Text from outside: without control characters, and escaped. */
const words = (text: string): string => escaped(oneLine(text));

function pageOf({ title, sources, warnings, sections }: Report, drawn: ReadonlyMap<string, RenderedChart>): string {
  const list = sources.map((one) => `<li><strong>${words(one.title)}</strong> ${words(one.words)}</li>`);
  const links = sections.map(({ id, title }) => `<a href="#${id}">${words(title)}</a>`);
  const notes = warnings.map((warning) => `<li>${words(warning)}</li>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${words(title)}</title>
<style>
${pageStyle}
</style>
</head>
<body>
<header>
<h1>${words(title)}</h1>
<ul class="sources">${list.join("")}</ul>
${notes.length > 0 ? `<aside><strong>Warnings</strong><ul>${notes.join("")}</ul></aside>` : ""}
<nav>${links.join(" ")}</nav>
</header>
<main>
${sections.map((section) => sectionOf(section, drawn)).join("\n")}
</main>
</body>
</html>
`;
}

function sectionOf({ id, title, notes, charts, tables }: Section, drawn: ReadonlyMap<string, RenderedChart>): string {
  const figures = charts.map(({ id, about }) => {
    return `<figure>${embedded(drawn.get(id)!.plainSvg, id, oneLine(about))}</figure>`;
  });
  return [
    `<section id="${id}">`,
    `<h2>${words(title)}</h2>`,
    ...notes.map((note) => `<p>${words(note)}</p>`),
    ...figures,
    ...tables.map(tableOf),
    "</section>",
  ].join("\n");
}

/** Characters of a text in a table that isn't broken. */
const unbroken = 24;

function tableOf(table: Table): string {
  const { title, columns, rows, isFolded = false } = table;
  const head = columns.map(
    (column) => `<th${column.digits === undefined ? "" : ' class="n"'}>${words(column.title)}</th>`,
  );
  const body = rows.map((cells) => {
    const all = columns.map((column, i) => {
      const text = words(cellText(cells[i], column));
      const classes = [...(column.digits === undefined ? [] : ["n"]), ...(text.length <= unbroken ? ["s"] : [])];
      return `<td class="${classes.join(" ")}">${isBest(cells[i] ?? null) ? `<strong>${text}</strong>` : text}</td>`;
    });
    return `<tr>${all.join("")}</tr>`;
  });
  const grid = `<div class="scroll"><table><thead><tr>${head.join("")}</tr></thead><tbody>${body.join("\n")}</tbody></table></div>`;
  const forms = Object.values(tableForms).map(({ name, write }) => {
    return `<details class="paste"><summary>${name}</summary><pre>${escaped(write(table))}</pre></details>`;
  });
  const contents = `${grid}\n<div class="forms">${forms.join("")}</div>`;
  return isFolded
    ? `<details class="table"><summary>${words(title)}</summary>${contents}</details>`
    : `<h3>${words(title)}</h3>\n${contents}`;
}
