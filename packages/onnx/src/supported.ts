import { knownOperators } from "@neft/model";
import { constantLimits, constantVersions } from "./constant-node.js";
import { changesOf } from "./operator-version.js";
import { supportedOpsets } from "./opsets.js";
import { type ConformanceCase, scoresByOperator } from "./scores.js";
import { sequenceOperators, sequenceSince } from "./sequence-operators.js";

/** What this version reads of one operator. */
export interface SupportedOperator {
  readonly name: string;
  /** Opsets from which files write it differently, ascending. */
  readonly opsets: readonly number[];
  /** What is not supported. */
  readonly limits: readonly string[];
}

const sequenceLimits = "sequences inside one graph, at constant positions";

/** The known operators, by name. */
export function operatorsOfFiles(): SupportedOperator[] {
  const { min } = supportedOpsets;
  const fromMin = (opsets: readonly number[]) => [...new Set(opsets.map((one) => Math.max(one, min)))];
  const operators = [...knownOperators.values()].map((row): SupportedOperator => {
    const limits = [...Object.values(row.older ?? {}).map((older) => older.limits), row.limits];
    const given = [...new Set(limits.filter((one) => one !== undefined))];
    return { name: row.name, opsets: fromMin(changesOf(row)), limits: given };
  });
  operators.push({ name: "Constant", opsets: fromMin(constantVersions), limits: [constantLimits] });
  for (const [name, { limits }] of Object.entries(sequenceOperators)) {
    operators.push({ name, opsets: [sequenceSince], limits: [sequenceLimits, ...(limits ? [limits] : [])] });
  }
  return operators.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Text of SUPPORTED.md, generated from the operators' rows.
 *
 * @param cases  Results of the standard's cases, for the scores.
 */
export function supportedOperators(cases: readonly ConformanceCase[]): string {
  const { min, max } = supportedOpsets;
  const scores = scoresByOperator(cases);
  const lines = operatorsOfFiles().map(({ name, opsets, limits }) => {
    const score = scores.get(name);
    const passed = score === undefined ? "" : `${score.passed}/${score.total}`;
    return `| ${name} | ${opsets.join(", ")} | ${passed} | ${limits.join("; ")} |`;
  });
  return `# Supported ONNX operators

Generated from the operators' rows and the recorded results of the conformance suites by
\`node packages/onnx/scripts/write-supported.mjs\`; don't edit it.

Files of opset ${min} to ${max} are supported. An operator is read differently from each listed opset on; versions of the standard in
between change types or wording only. All floating-point types (FLOAT, FLOAT16, BFLOAT16, DOUBLE) are computed as 32-bit
floats. Integers and BOOL are evaluated exactly, for shape arithmetic. The tests are those of ONNX's suite \`node\` that have this operator
alone: how many of them pass.

| operator | opsets | tests passed | limits |
|---|---|---|---|
${lines.join("\n")}
`;
}
