const both = ["simd128", "relaxed"];
const one = ["simd128"];

/** The benches in order. Each is topics/NAME.mjs with a function `run`, which measures one build. */
export const topics = {
  gemm: { builds: both },
  convolution: { builds: both },
  inference: { builds: one },
  import: { builds: one },
  normals: { builds: both },
  variation: { builds: both },
  lenetStep: { builds: both },
  vggStep: { builds: both },
  ovf: { builds: one },
  tfjsStep: { builds: one },
  monteCarlo: { builds: both },
  workers: { builds: one },
  estimates: { builds: one },
  memory: { builds: one },
  start: { builds: one },
  size: { builds: one },
};
