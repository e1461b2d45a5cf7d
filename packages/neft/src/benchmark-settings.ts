import { defineSettings, type GivenOf, opaque } from "@neft/options";
import { type BenchmarkProgress, benchmarkSettings } from "@neft/profile";
import { callArguments } from "./call-rules.js";
import { runningGroup, runSettings } from "./settings.js";

/** All options of `benchmark`. */
export const benchmarkOptions = defineSettings({
  ...benchmarkSettings,
  ...runSettings,
  onProgress: {
    kind: opaque<(progress: BenchmarkProgress) => void>(...callArguments.onProgress),
    about: "called when a measurement begins",
    flag: null,
    group: runningGroup,
  },
});

/** Options of `benchmark`; docs/settings.md lists them. */
export interface BenchmarkOptions extends GivenOf<typeof benchmarkOptions> {}
