import { onnxOperators, supportedOpsets } from "./operators/table.js";

/** Text of SUPPORTED.md, generated from the operator table. */
export function supportedOperators(): string {
  const { min, max } = supportedOpsets;
  const rows = Object.entries(onnxOperators).map(([op, versions]) => {
    const since = Object.keys(versions).map((version) => Math.max(Number(version), min));
    const limits = [...new Set(Object.values(versions).flatMap((row) => row.limits ?? []))];
    return `| ${op} | ${[...new Set(since)].join(", ")} | ${limits.join("; ")} |`;
  });
  return `# Supported ONNX operators

Generated from the operator table by \`node packages/onnx/scripts/write-supported.mjs\`; don't edit it.

Files of opset ${min} to ${max} are supported. An operator is read differently from each listed opset on; versions of the standard in
between change types or wording only. All floating-point types (FLOAT, FLOAT16, BFLOAT16, DOUBLE) are computed as 32-bit
floats. Integers and BOOL are evaluated exactly, for shape arithmetic.

| operator | opsets | limits |
|---|---|---|
${rows.join("\n")}
`;
}
