// Writes the table of docs/metrics.md from the rows of the metrics. Build first.
import { readFileSync, writeFileSync } from "node:fs";
import { withMetricsTable } from "../dist/command/metrics-table.js";

const file = new URL("../../../docs/metrics.md", import.meta.url);
writeFileSync(file, withMetricsTable(readFileSync(file, "utf8")));
