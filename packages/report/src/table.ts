import { oneLine, shortened } from "@neft/options";

/** A mean with the half-width of its 95 % interval, if there is one. */
export interface Estimate {
  readonly mean: number;
  readonly half: number | null;
  /** Set in bold. */
  readonly isBest?: boolean;
}

/** Null is shown as a dash. Texts come from outside. */
export type Cell = string | number | null | Estimate;

export interface Column {
  readonly title: string;
  /** Digits after the point; undefined for columns of texts, which stand left. */
  readonly digits?: number;
}

export interface Table {
  /** Name of its files; unique in a report. */
  readonly id: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** Whether a page shows its title alone at first. */
  readonly isFolded?: boolean;
}

/** Characters of a text that readers see; CSV has all. */
const mostCharacters = 400;

const isEstimate = (cell: Cell): cell is Estimate => typeof cell === "object" && cell !== null;
export const isBest = (cell: Cell): boolean => isEstimate(cell) && cell.isBest === true;

/** A cell as readers see it. */
export function cellText(cell: Cell | undefined, { digits = 0 }: Column): string {
  if (cell === null || cell === undefined) return "–";
  if (typeof cell === "string") return oneLine(shortened(cell, mostCharacters));
  const number = (value: number): string =>
    (digits === 0 ? Math.round(value).toLocaleString("en-US") : value.toFixed(digits))
      .replace(/^-(?=[0.]*$)/, "")
      .replace(/^-/, "−");
  if (!isEstimate(cell)) return number(cell);
  return cell.half === null ? number(cell.mean) : `${number(cell.mean)} ± ${number(cell.half)}`;
}

/** The forms in which tables can be pasted elsewhere, by the suffix of a file. */
export const tableForms: Readonly<Record<string, { readonly name: string; readonly write: (table: Table) => string }>> =
  {
    md: { name: "Markdown", write: markdown },
    csv: { name: "CSV", write: csv },
    tex: { name: "LaTeX", write: latex },
  };

const lines = (parts: readonly string[]): string => `${parts.join("\n")}\n`;
const isNumeric = ({ digits }: Column): boolean => digits !== undefined;

function markdown({ columns, rows }: Table): string {
  const escaped = (text: string): string => text.replace(/[\\|`*_<>[\]&#~]/g, "\\$&");
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const body = rows.map((cells) =>
    row(
      cells.map((cell, i) => {
        const text = escaped(cellText(cell, columns[i]!));
        return isBest(cell) ? `**${text}**` : text;
      }),
    ),
  );
  return lines([
    row(columns.map(({ title }) => escaped(oneLine(title)))),
    row(columns.map((column) => (isNumeric(column) ? "---:" : "---"))),
    ...body,
  ]);
}

/** Numbers have all their digits; an estimate takes two columns. Texts that a spreadsheet would compute are quoted for it. */
function csv({ columns, rows }: Table): string {
  const text = (value: string): string => {
    const plain = oneLine(value).replace(/^(?=[=+\-@])/, "'");
    return /[",]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
  };
  const isPair = columns.map((_, i) => rows.some((cells) => isEstimate(cells[i] ?? null)));
  const number = (value: number | null): string => (value === null ? "" : String(value));
  const cell = (value: Cell, pair: boolean): string[] => {
    if (typeof value === "string") return [text(value)];
    if (isEstimate(value)) return [number(value.mean), number(value.half)];
    return pair ? [number(value), ""] : [number(value)];
  };
  const head = columns.flatMap(({ title }, i) => [text(title), ...(isPair[i] ? [text(`${title} ±`)] : [])]);
  return lines(
    [head, ...rows.map((cells) => cells.flatMap((value, i) => cell(value, isPair[i]!)))].map((row) => row.join(",")),
  );
}

const latexWords: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "{": "\\{",
  "}": "\\}",
  $: "\\$",
  "&": "\\&",
  "#": "\\#",
  _: "\\_",
  "%": "\\%",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "<": "\\textless{}",
  ">": "\\textgreater{}",
  σ: "$\\sigma$",
  "±": "$\\pm$",
  "×": "$\\times$",
  "–": "--",
  "−": "$-$",
};

/** A tabular, which needs no package. */
function latex({ columns, rows }: Table): string {
  const escaped = (text: string): string => oneLine(text).replace(/[\\{}$&#_%~^<>σ±×–−]/g, (one) => latexWords[one]!);
  const row = (cells: readonly string[]): string => `${cells.join(" & ")} \\\\`;
  const body = rows.map((cells) =>
    row(
      cells.map((cell, i) => {
        const text = escaped(cellText(cell, columns[i]!));
        return isBest(cell) ? `\\textbf{${text}}` : text;
      }),
    ),
  );
  return lines([
    `\\begin{tabular}{${columns.map((column) => (isNumeric(column) ? "r" : "l")).join("")}}`,
    "\\hline",
    row(columns.map(({ title }) => escaped(title))),
    "\\hline",
    ...body,
    "\\hline",
    "\\end{tabular}",
  ]);
}
