import { onnxOperators, supportedOpsets } from "./operators/table.js";

/** The text of SUPPORTED.md, made from the table. */
export function supportedOperators(): string {
  const { least, most } = supportedOpsets;
  const rows = Object.entries(onnxOperators).map(([op, versions]) => {
    const since = Object.keys(versions).map((version) => Math.max(Number(version), least));
    const limits = [...new Set(Object.values(versions).flatMap((row) => row.limits ?? []))];
    return `| ${op} | ${[...new Set(since)].join(", ")} | ${limits.join("; ")} |`;
  });
  return `# Supported ONNX operators

Made from the operator table by \`node packages/onnx/scripts/write-supported.mjs\`; don't edit it.

Files of opset ${least} to ${most} are read. A version listed is one since which neft reads the operator differently; versions of
the standard between them differ only in types or wording. Floating-point types (FLOAT, FLOAT16, BFLOAT16, DOUBLE) are all
computed as 32-bit floats; integers and BOOL are evaluated exactly, for shape arithmetic.

| operator | read since opset | limits |
|---|---|---|
${rows.join("\n")}
`;
}
