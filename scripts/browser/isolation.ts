// Runs before each test file: a page that lost its isolation would silently test copies instead of shared memory.
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    readonly isolated: boolean;
  }
}

const isolated = inject("isolated");
if (crossOriginIsolated !== isolated) {
  throw new Error(`test:browser: expected a page with crossOriginIsolated ${isolated}, got ${crossOriginIsolated}`);
}
