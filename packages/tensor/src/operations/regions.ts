import { shapeText } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { axisTable, type Term } from "./axis-table.js";
import { checkedSize } from "./element-positions.js";
import { takeElements } from "./elements.js";
import { indexValues } from "./gather-scatter.js";
import { reshape } from "./layout.js";
import { planeTableOp } from "./plane-table.js";

/** Attributes of {@link roiAlign}. */
export interface RoiAlignAttributes {
  /** [height, width] of the result. Default: [1, 1]. */
  readonly size?: readonly [number, number];
  /** Mean of the samples of a cell, or their maximum. Default: "avg". */
  readonly mode?: "avg" | "max";
  /** Samples along each axis of a cell. Default: 0, as many as it has pixels, rounded up. */
  readonly samplingRatio?: number;
  /** Factor from the coordinates of the regions to pixels. Default: 1. */
  readonly spatialScale?: number;
  /** Whether pixel centres lie at half coordinates. Default: true, as in ONNX since version 16. */
  readonly halfPixel?: boolean;
}

/** Maximum number of samples of all cells: of a region, which are in memory at once, and of all regions. Files that need more are corrupt or malicious. */
const maxSamples = { region: 2 ** 20, all: 2 ** 26 } as const;

/** The neighbours of a position along one axis of size `size` with their weights; none outside. */
function neighbours(position: number, size: number): Term[] {
  if (!(position >= -1 && position <= size)) return [];
  const x = Math.max(position, 0);
  const low = Math.floor(x);
  if (low >= size - 1) return [{ position: size - 1, weight: 1 }];
  return [
    { position: low, weight: 1 - (x - low) },
    { position: low + 1, weight: x - low },
  ];
}

/** Positions of the samples of each cell along one axis. Arithmetic is in f32, because rounding decides about the number of samples. */
function samplesOf(start: number, extent: number, cells: number, ratio: number): number[][] {
  const bin = Math.fround(extent / cells);
  const count = ratio > 0 ? ratio : Math.ceil(bin);
  return Array.from({ length: cells }, (_, cell) =>
    Array.from({ length: Math.max(0, count) }, (_, i) => start + cell * bin + ((i + 0.5) * bin) / count),
  );
}

/** @throws {RangeError} unless x is [n, c, h, w] with pixels and the result has a size. */
function checkRegions(who: string, x: Tensor, rois: Tensor, columns: number, size: readonly number[]): void {
  if (x.shape.length !== 4 || x.shape.includes(0, 1) || rois.shape.length !== 2 || rois.shape[1] !== columns) {
    throw new RangeError(
      `${who}: expected an input [n, c, h, w] and regions [.., ${columns}], got ${shapeText(x.shape)} and ${shapeText(rois.shape)}`,
    );
  }
  if (size.length !== 2 || !size.every((v) => Number.isInteger(v) && v >= 1)) {
    throw new RangeError(`${who}: expected a size [height, width] of whole numbers ≥ 1, got ${shapeText(size)}`);
  }
  checkedSize(who, [rois.shape[0]!, x.shape[1]!, ...size]);
}

/** Index of an image. @throws {RangeError} outside the batch. */
function imageOf(who: string, index: number, images: number): number {
  if (Number.isInteger(index) && index >= 0 && index < images) return index;
  throw new RangeError(`${who}: expected batch indices from 0 to ${images - 1}, got ${index}`);
}

/** Where the cells of a region are. */
interface Region {
  readonly top: number;
  readonly left: number;
  readonly high: number;
  readonly wide: number;
  /** Number of samples of all cells. */
  readonly samples: number;
}

/** @throws {RangeError} for a region with too many samples. */
function regionOf(roi: ArrayLike<number>, attributes: RoiAlignAttributes): Region {
  const { size = [1, 1], samplingRatio = 0, spatialScale = 1, halfPixel = true } = attributes;
  const [left, top, right, bottom] = Array.from(roi, (v) =>
    Math.fround(Math.fround(v * Math.fround(spatialScale)) - (halfPixel ? 0.5 : 0)),
  ) as [number, number, number, number];
  const extent = (length: number): number => (halfPixel ? Math.fround(length) : Math.max(Math.fround(length), 1));
  const [high, wide] = [extent(bottom - top), extent(right - left)];
  const count = (length: number, cells: number): number => (samplingRatio > 0 ? samplingRatio * cells : length + cells);
  const samples = Math.max(0, count(high, size[0])) * Math.max(0, count(wide, size[1]));
  if (!(samples <= maxSamples.region)) {
    throw new RangeError(
      `roiAlign: expected regions of at most ${maxSamples.region} samples, got ${shapeText(Array.from(roi))}`,
    );
  }
  return { top, left, high, wide, samples };
}

/** Terms of each sample of each cell of one region, row by row. */
function regionSamples(
  x: Tensor,
  region: Region,
  { size = [1, 1], samplingRatio = 0 }: RoiAlignAttributes,
): Term[][][] {
  const [height, width] = x.shape.slice(2) as [number, number];
  const { top, left, high, wide } = region;
  const rows = samplesOf(top, high, size[0], samplingRatio);
  const columns = samplesOf(left, wide, size[1], samplingRatio);
  return rows.flatMap((ys) =>
    columns.map((xs) =>
      ys.flatMap((y) =>
        xs.map((across) => {
          const [down, along] = [neighbours(y, height), neighbours(across, width)];
          return down.flatMap((a) =>
            along.map((b) => ({ position: a.position * width + b.position, weight: a.weight * b.weight })),
          );
        }),
      ),
    ),
  );
}

/** The largest term weight·value over the samples of a cell: in max mode the four neighbours of a sample are not added. */
function largest(samples: readonly (readonly Term[])[], values: Float32Array, start: number): Term[] {
  let [best, most] = [undefined as Term | undefined, Number.NEGATIVE_INFINITY];
  for (const sample of samples) {
    // A sample outside the image counts as 0.
    for (const term of sample.length > 0 ? sample : [{ position: 0, weight: 0 }]) {
      const value = term.weight * values[start + term.position]!;
      if (value > most || best === undefined) [best, most] = [term, value];
    }
  }
  return best ? [best] : [];
}

/**
 * Samples regions of images by bilinear interpolation: RoiAlign of ONNX. Regions get no gradient.
 *
 * @param x        [n, c, h, w].
 * @param rois     [regions, 4]: x₁, y₁, x₂, y₂.
 * @param batch    Image of each region: i64 or i32 [regions].
 * @returns [regions, c, ..size].
 * @throws {RangeError} when shapes don't match, for an index outside the batch, or for too many samples.
 */
export function roiAlign(x: Tensor, rois: Tensor, batch: Tensor, attributes: RoiAlignAttributes = {}): Tensor {
  const { size = [1, 1], mode = "avg" } = attributes;
  checkRegions("roiAlign", x, rois, 4, size);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const [regions, pixels, results] = [rois.shape[0]!, h * w, size[0] * size[1]];
  const list = indexValues("roiAlign", batch);
  if (list.length !== regions) throw new RangeError(`roiAlign: expected ${regions} batch indices, got ${list.length}`);
  const images = Array.from(list as ArrayLike<number>, (index) => imageOf("roiAlign", Number(index), n));
  const boxes = rois.floats();
  const areas = images.map((_, r) => regionOf(boxes.subarray(4 * r, 4 * r + 4), attributes));
  const all = areas.reduce((sum, { samples }) => sum + samples, 0);
  if (all > maxSamples.all)
    throw new RangeError(`roiAlign: expected at most ${maxSamples.all} samples in all regions, got ${all}`);
  if (mode === "avg") {
    const tables = areas.map((area) => {
      const cells = regionSamples(x, area, attributes);
      return axisTable(pixels, results, (r) => {
        const cell = cells[r]!;
        return cell.flat().map(({ position, weight }) => ({ position, weight: weight / Math.max(cell.length, 1) }));
      });
    });
    const y = planeTableOp(reshape(x, [n, c, pixels]), { tables, images, results });
    return reshape(y, [regions, c, ...size]);
  }
  // Which term is the largest depends on the channel.
  const values = x.floats();
  const planes = images.flatMap((image) => Array.from({ length: c }, (_, channel) => image * c + channel));
  const tables = areas.flatMap((area, region) => {
    const cells = regionSamples(x, area, attributes);
    return planes
      .slice(region * c, (region + 1) * c)
      .map((plane) => axisTable(pixels, results, (r) => largest(cells[r]!, values, plane * pixels)));
  });
  const y = planeTableOp(reshape(x, [n * c, 1, pixels]), { tables, images: planes, results });
  return reshape(y, [regions, c, ...size]);
}

/** Attributes of {@link maxRoiPool}. */
export interface MaxRoiPoolAttributes {
  /** [height, width] of the result. */
  readonly size: readonly [number, number];
  /** Factor from the coordinates of the regions to pixels. Default: 1. */
  readonly spatialScale?: number;
}

/** First and last position, exclusive, of each cell along an axis. */
function cellsOf(start: number, end: number, cells: number, size: number): [first: number, last: number][] {
  const bin = Math.max(end - start + 1, 1) / cells;
  const clamp = (v: number): number => Math.min(Math.max(v, 0), size);
  return Array.from({ length: cells }, (_, i) => [
    clamp(start + Math.floor(i * bin)),
    clamp(start + Math.ceil((i + 1) * bin)),
  ]);
}

/**
 * Maximum of each cell of regions of images; 0 for a cell outside. Regions get no gradient.
 *
 * @param x     [n, c, h, w].
 * @param rois  [regions, 5]: index of the image, x₁, y₁, x₂, y₂.
 * @returns [regions, c, ..size].
 * @throws {RangeError} when shapes don't match, or for an index outside the batch.
 */
export function maxRoiPool(x: Tensor, rois: Tensor, { size, spatialScale = 1 }: MaxRoiPoolAttributes): Tensor {
  checkRegions("maxRoiPool", x, rois, 5, size);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const [values, boxes] = [x.floats(), rois.floats()];
  const positions: number[] = [];
  for (let r = 0; r < rois.shape[0]!; r++) {
    const image = imageOf("maxRoiPool", boxes[5 * r]!, n);
    // Halves are rounded away from 0.
    const [left, top, right, bottom] = Array.from(boxes.subarray(5 * r + 1, 5 * r + 5), (v) => {
      const scaled = Math.fround(v * spatialScale);
      return Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5);
    }) as [number, number, number, number];
    const [rows, columns] = [cellsOf(top, bottom, size[0], h), cellsOf(left, right, size[1], w)];
    for (let channel = 0; channel < c; channel++) {
      const start = (image * c + channel) * h * w;
      for (const [firstRow, lastRow] of rows) {
        for (const [firstColumn, lastColumn] of columns) {
          let best = -1;
          for (let i = firstRow; i < lastRow; i++) {
            for (let j = firstColumn; j < lastColumn; j++) {
              const at = start + i * w + j;
              if (best < 0 || values[at]! > values[best]!) best = at;
            }
          }
          positions.push(best);
        }
      }
    }
  }
  return takeElements(x, { shape: [rois.shape[0]!, c, ...size], positions: Int32Array.from(positions) });
}
