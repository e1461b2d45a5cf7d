import { inWords } from "@neft/options";
import { bodiesOf } from "./captures.js";
import { DataLocation } from "./onnx-enums.js";
import { OnnxError } from "./onnx-error.js";
import type { GraphProto, TensorProto } from "./onnx-proto.js";
import type { ElementStorage, Files } from "./stored-tensor.js";

/**
 * Limit on the bytes that tensors read from an external file: a multiple of its size, plus a constant. In real files,
 * few tensors overlap.
 */
const externalLimit = { perByte: 4, fixed: 2 ** 24 } as const;

interface ExternalRange {
  readonly location: string;
  readonly begin: number;
  readonly end: number;
}

/** All tensors of a graph: initializers and tensor attributes, in bodies too. */
export function tensorsOf(graph: GraphProto): TensorProto[] {
  return [
    ...graph.initializer,
    ...graph.node.flatMap((node) => node.attribute.flatMap((attribute) => attribute.t ?? [])),
    ...graph.node.flatMap(bodiesOf).flatMap(tensorsOf),
  ];
}

/** Location without `.` and empty parts, so that spellings of one file are equal. */
function normalizedLocation(location: string): string {
  return location
    .split(/[/\\]/)
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}

/**
 * Returns a predicate for storage whose external bytes overlap another tensor's: overwriting it would change that
 * tensor too.
 *
 * @throws {OnnxError} when overlapping ranges turn a small file into large tensors.
 */
export function sharedStorage(graph: GraphProto, files: Files): (storage: ElementStorage) => boolean {
  const byFile = new Map<string, ExternalRange[]>();
  for (const { dataLocation, externalData } of tensorsOf(graph)) {
    if (dataLocation !== DataLocation.EXTERNAL) continue;
    const entry = (key: string) => externalData.find((one) => one.key === key)?.value;
    const location = entry("location") ?? "";
    const begin = Number(entry("offset") ?? 0);
    const end = begin + Number(entry("length") ?? (files.get(location)?.length ?? 0) - begin);
    const plain = normalizedLocation(location);
    const ranges = byFile.get(plain) ?? [];
    byFile.set(plain, ranges);
    if (end > begin) ranges.push({ location, begin, end });
  }
  const shared = new Set<string>();
  const keyOf = (location: string, offset: number) => JSON.stringify([location, offset]);
  for (const ranges of byFile.values()) {
    checkAmount(ranges, files);
    const hasAliases = ranges.some(({ location }) => location !== ranges[0]!.location);
    ranges.sort((a, b) => a.begin - b.begin);
    let last: ExternalRange | undefined;
    for (const range of ranges) {
      const overlaps = last !== undefined && range.begin < last.end;
      if (overlaps || hasAliases) shared.add(keyOf(range.location, range.begin));
      if (overlaps) shared.add(keyOf(last!.location, last!.begin));
      if (last === undefined || range.end > last.end) last = range;
    }
  }
  return ({ file, ranges }) => file !== "" && shared.has(keyOf(file, ranges[0]!.offset));
}

function checkAmount(ranges: readonly ExternalRange[], files: Files): void {
  const wanted = ranges.reduce((sum, { begin, end }) => sum + end - begin, 0);
  for (const location of new Set(ranges.map((range) => range.location))) {
    const length = files.get(location)?.length;
    const max = externalLimit.perByte * (length ?? 0) + externalLimit.fixed;
    if (length === undefined || wanted <= max) continue;
    throw new OnnxError(
      `external file ${inWords(location)}: expected tensors of at most ${max} bytes in total for a file of ${length}, got ${wanted}`,
    );
  }
}
