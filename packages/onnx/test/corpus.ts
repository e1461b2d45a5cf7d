import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { fileOf, opsetsOf, versions } from "./sample-file.js";
import { samples } from "./samples/samples.js";

/** A file to mutate. */
export interface CorpusFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const root = new URL("../../../", import.meta.url);

/** Folders of this repository with networks, and the unpacked node tests of ONNX, which only a machine that ran them has. */
const folders = [
  "examples/models/",
  "packages/onnx/test/networks/exported/",
  "packages/neft/test/golden/",
  "packages/neft/test/networks/",
  "packages/neft/test/reports/",
];
const cached = "node_modules/.cache/neft/onnx==1.22.0/node/";

/** Limits on the size of a file, in bytes: what takes long to read is seldom changed. */
const largest = { own: 256_000, cached: 32_000 } as const;

function filesIn(folder: URL, most: number): CorpusFile[] {
  return readdirSync(folder)
    .sort()
    .filter((name) => name.endsWith(".onnx") && statSync(new URL(name, folder)).size <= most)
    .map((name) => ({ name, bytes: new Uint8Array(readFileSync(new URL(name, folder))) }));
}

/** One file for each sample, at the newest opset. */
function filesOfSamples(): CorpusFile[] {
  const all = versions();
  return samples.map((sample) => {
    const opset = Math.max(...opsetsOf(sample, all.get(sample.op)!));
    return { name: `${sample.op} (${sample.about})`, bytes: fileOf(sample, opset).bytes };
  });
}

/** Files to mutate. @param isLong  With the node tests of ONNX, where they are. */
export function corpus(isLong: boolean): CorpusFile[] {
  const own = folders.flatMap((folder) => filesIn(new URL(folder, root), largest.own));
  const tests = new URL(cached, root);
  const others = isLong && existsSync(tests) ? readdirSync(tests).sort() : [];
  return [
    ...own,
    ...filesOfSamples(),
    ...others.flatMap((name) =>
      filesIn(new URL(`${name}/`, tests), largest.cached).map(({ bytes }) => ({ name, bytes })),
    ),
  ];
}
