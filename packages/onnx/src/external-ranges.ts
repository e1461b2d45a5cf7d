import { inWords } from "@neft/options";
import type { GraphProto, TensorProto } from "./onnx_pb.js";
import { TensorProto_DataLocation } from "./onnx_pb.js";
import { OnnxError } from "./onnx-error.js";
import type { Files, StoredPlace } from "./stored-tensor.js";

/** Bytes of external files that tensors may have in all: so many times the file, and so many more. Real files share a few weights. */
const mostBytes = { perByte: 4, fixed: 2 ** 24 } as const;

interface ExternalRange {
  readonly location: string;
  readonly begin: number;
  readonly end: number;
}

/** The tensors of a graph: initializers and those of attributes. */
export function tensorsOf(graph: GraphProto): TensorProto[] {
  return [
    ...graph.initializer,
    ...graph.node.flatMap((node) => node.attribute.flatMap((attribute) => attribute.t ?? [])),
  ];
}

/** A file's location with `.` and empty parts left out: two spellings of one file are equal. */
function plainLocation(location: string): string {
  return location
    .split(/[/\\]/)
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}

/**
 * Tells places whose external bytes are another tensor's too, in whole or in part: writing one would change the other.
 *
 * @throws {OnnxError} when ranges overlap so much that a small file becomes large tensors.
 */
export function sharedPlaces(graph: GraphProto, files: Files): (place: StoredPlace) => boolean {
  const byFile = new Map<string, ExternalRange[]>();
  for (const { dataLocation, externalData } of tensorsOf(graph)) {
    if (dataLocation !== TensorProto_DataLocation.EXTERNAL) continue;
    const entry = (key: string) => externalData.find((one) => one.key === key)?.value;
    const location = entry("location") ?? "";
    const begin = Number(entry("offset") ?? 0);
    const end = begin + Number(entry("length") ?? (files.get(location)?.length ?? 0) - begin);
    const plain = plainLocation(location);
    const ranges = byFile.get(plain) ?? [];
    byFile.set(plain, ranges);
    if (end > begin) ranges.push({ location, begin, end });
  }
  const shared = new Set<string>();
  const keyOf = (location: string, offset: number) => JSON.stringify([location, offset]);
  for (const ranges of byFile.values()) {
    checkAmount(ranges, files);
    const isRespelled = ranges.some(({ location }) => location !== ranges[0]!.location);
    ranges.sort((a, b) => a.begin - b.begin);
    let last: ExternalRange | undefined;
    for (const range of ranges) {
      const overlaps = last !== undefined && range.begin < last.end;
      if (overlaps || isRespelled) shared.add(keyOf(range.location, range.begin));
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
    const most = mostBytes.perByte * (length ?? 0) + mostBytes.fixed;
    if (length === undefined || wanted <= most) continue;
    throw new OnnxError(
      `external file ${inWords(location)}: expected tensors of at most ${most} bytes in all in its ${length}, got ${wanted}`,
    );
  }
}
