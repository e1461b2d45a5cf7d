/** The files that a browser's workers load on demand, next to engine.js; `chunks` in scripts/bundles.mjs says what is in them. */
export const chunkNames = ["operators.js", "rescaling.js", "readers.js"] as const;

export type ChunkName = (typeof chunkNames)[number];

/** Where the files are. The page knows: bundlers move them, and rewrite addresses in modules that they see. */
export type ChunkUrls = Readonly<Record<ChunkName, string>>;

export const chunkUrlsBy = (urlOf: (name: ChunkName) => string): ChunkUrls =>
  Object.fromEntries(chunkNames.map((name) => [name, urlOf(name)])) as unknown as ChunkUrls;
