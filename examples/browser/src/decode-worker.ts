import { type Dataset, decodeCifar10, decodeIdx, decodeNpz } from "neft";
import type { DecodeAnswer, DecodeRequest, NamedBytes } from "./dataset-files.js";

/** A worker that decodes the files of one dataset, because large ones take seconds. */

/** Reads files by their names: an archive, a pair of IDX files, else CIFAR-10. */
function decode(files: readonly NamedBytes[], purpose: "train" | "test"): Dataset {
  const npz = files.find(({ name }) => /\.npz$/i.test(name));
  if (npz) return decodeNpz(npz.bytes, npz.name, { purpose });
  const labels = files.find(({ name }) => /labels|idx1/i.test(name));
  const images = files.find((file) => file !== labels && /images|idx/i.test(file.name));
  if (labels && images && files.length === 2) {
    return decodeIdx(images.bytes, labels.bytes, images.name, [images.name, labels.name]);
  }
  if (labels ?? images)
    throw new Error("expected two IDX files, images and labels, whose names say so; open both together");
  return decodeCifar10(
    files.map(({ bytes }) => bytes),
    files.length === 1 ? files[0]!.name : "CIFAR-10",
    files.map(({ name }) => name),
  );
}

addEventListener("message", ({ data: { files, purpose } }: MessageEvent<DecodeRequest>) => {
  let answer: DecodeAnswer;
  try {
    answer = { dataset: decode(files, purpose) };
  } catch (error) {
    answer = { error: (error as Error).message };
  }
  postMessage(answer);
});
