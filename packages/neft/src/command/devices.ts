import { devices } from "@neft/crossbar";
import { alignedTable, left, right } from "./table.js";
import { print } from "./terminal.js";

/** `neft devices`: prints all device types with their parameters and sources. */
export function listDevices(): void {
  const sources = [...new Set([...devices.values()].map(({ source }) => source))];
  const rows = [...devices.values()].map(({ id, technology, bitsPerCell, programming, summary, source }) => [
    id,
    technology,
    String(bitsPerCell),
    programming.kind === "levels" ? programming.sigma.join(" ") : "–",
    summary,
    `[${sources.indexOf(source) + 1}]`,
  ]);
  const columns = [
    left("device"),
    left("technology"),
    right("bits/cell"),
    left("relative σ of the levels"),
    left("summary"),
    left("source"),
  ];
  const references = sources.map(({ cite, doi }, i) => `[${i + 1}] ${cite}${doi === undefined ? "" : `, doi:${doi}`}`);
  print(`${alignedTable(columns, rows)}\n\n${references.join("\n")}`);
}
