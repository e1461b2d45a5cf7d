/** Number of hardware threads; 1 if the environment doesn't report it. Browsers and Node >= 21 report the count in `navigator`, Node 20 in node:os. */
export function threadsOfMachine(): number {
  const { navigator } = globalThis as { readonly navigator?: { readonly hardwareConcurrency?: number } };
  const node = globalThis.process?.getBuiltinModule?.("node:os");
  return navigator?.hardwareConcurrency ?? node?.availableParallelism() ?? 1;
}
