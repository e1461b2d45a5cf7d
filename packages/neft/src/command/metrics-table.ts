import { metrics } from "@neft/evaluation";

/** The generated table of docs/metrics.md, between its markers. */
const marked = /(<!-- rows: metrics -->\n)[\s\S]*?(<!-- end -->)/;

/**
 * Writes the table of the metrics, from their rows, between the markers in the text of docs/metrics.md.
 * @throws {Error} for a text without markers.
 */
export function withMetricsTable(text: string): string {
  if (!marked.test(text)) throw new Error("docs/metrics.md: expected markers of the table of metrics, got none");
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const lines = [...metrics.values()].map(({ id, unit, about, isDefault, isScaled }) =>
    row([`\`${id}\``, unit, about, isDefault ? "yes" : "", isScaled ? "yes" : ""]),
  );
  const head = row(["id", "unit", "definition", "by default", "scaled, too"]);
  return text.replace(
    marked,
    (_, begin, end) => `${begin}${[head, row(Array(5).fill("---")), ...lines].join("\n")}\n${end}`,
  );
}
