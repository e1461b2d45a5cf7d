import { knownOperators } from "@neft/model";
import { constantLimits, constantVersions } from "./constant-node.js";
import { changesOf } from "./operator-version.js";
import { supportedOpsets } from "./opsets.js";

/** What this version reads of one operator. */
export interface SupportedOperator {
  readonly name: string;
  /** Opsets from which files write it differently, ascending. */
  readonly opsets: readonly number[];
  /** What is not supported. */
  readonly limits: readonly string[];
}

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
  return operators.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Text of SUPPORTED.md, generated from the operators' rows. */
export function supportedOperators(): string {
  const { min, max } = supportedOpsets;
  const lines = operatorsOfFiles().map(
    ({ name, opsets, limits }) => `| ${name} | ${opsets.join(", ")} | ${limits.join("; ")} |`,
  );
  return `# Supported ONNX operators

Generated from the operators' rows by \`node packages/onnx/scripts/write-supported.mjs\`; don't edit it.

Files of opset ${min} to ${max} are supported. An operator is read differently from each listed opset on; versions of the standard in
between change types or wording only. All floating-point types (FLOAT, FLOAT16, BFLOAT16, DOUBLE) are computed as 32-bit
floats. Integers and BOOL are evaluated exactly, for shape arithmetic.

| operator | opsets | limits |
|---|---|---|
${lines.join("\n")}
`;
}
