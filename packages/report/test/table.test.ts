import { type Table, tableForms } from "@neft/report";
import { expect, test } from "vitest";

const table: Table = {
  id: "t",
  title: "T",
  columns: [{ title: "name|σ" }, { title: "mean %", digits: 2 }, { title: "n", digits: 0 }],
  rows: [
    ['a_b, "c"', { mean: 91.236, half: 0.5, isBest: true }, 12_345],
    ["=1+1", -0.001, null],
    ["<x> & 5 % \\", { mean: -3, half: null }, 0],
  ],
};

test.each([
  [
    "md",
    `| name\\|σ | mean % | n |
| --- | ---: | ---: |
| a\\_b, "c" | **91.24 ± 0.50** | 12,345 |
| =1+1 | 0.00 | – |
| \\<x\\> \\& 5 % \\\\ | −3.00 | 0 |
`,
  ],
  [
    "csv",
    `name|σ,mean %,mean % ±,n
"a_b, ""c""",91.236,0.5,12345
'=1+1,-0.001,,
<x> & 5 % \\,-3,,0
`,
  ],
  [
    "tex",
    `\\begin{tabular}{lrr}
\\hline
name|$\\sigma$ & mean \\% & n \\\\
\\hline
a\\_b, "c" & \\textbf{91.24 $\\pm$ 0.50} & 12,345 \\\\
=1+1 & 0.00 & -- \\\\
\\textless{}x\\textgreater{} \\& 5 \\% \\textbackslash{} & $-$3.00 & 0 \\\\
\\hline
\\end{tabular}
`,
  ],
])("a table as %s", (form, text) => {
  expect(tableForms[form]!.write(table)).toBe(text);
});
