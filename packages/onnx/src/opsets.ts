/** Range of supported opsets of the default domain, both inclusive. */
export const supportedOpsets = { min: 6, max: 27 } as const;

/** Whether an operator domain is ONNX's own. */
export function isDefaultDomain(domain: string): boolean {
  return domain === "" || domain === "ai.onnx";
}
