import type { ChipSpec, LayerTargets } from "@neft/crossbar";
import { oneLine, shortened } from "@neft/options";
import { element, textElement } from "@neft/profile";
import { layerName, percent } from "./layer-table.js";
import { pathOfRectangles, pathThrough, picture, seriesClass } from "./picture.js";

const margin = 20;
/** Where the tiles and the histograms of a layer stand. */
const map = { width: 330, height: 150, largest: 90, least: 2 };
const histogramsAt = margin + map.width + 40;
const histograms = { width: 480, height: 74, most: 150, gap: 10 };
/** Least width of a histogram whose axis has words. */
const roomForWords = 100;
const rowTop = 34;
const mostLines = 64;

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The tiles of one arm and slice: those of one block where it is cut, or those of all blocks, several on each. */
interface Sheet {
  /** Tiles down and across. */
  readonly down: number;
  readonly across: number;
  /** Blocks that share a tile, along its diagonal. */
  readonly together: number;
  /** Copies of the sheet in one arm and slice. */
  readonly copies: number;
}

function sheetOf({ blocks, inputs, outputs }: LayerTargets, { rows, columns }: ChipSpec["tile"]): Sheet {
  const together = Math.max(1, Math.min(Math.floor(rows / inputs), Math.floor(columns / outputs)));
  if (together === 1) {
    return { down: Math.ceil(inputs / rows), across: Math.ceil(outputs / columns), together, copies: blocks };
  }
  return { down: 1, across: 1, together: Math.min(together, blocks), copies: Math.ceil(blocks / together) };
}

/** The tiles of a layer, with what is occupied. Returns elements and the height that they take. */
function tilesOf(layer: LayerTargets, { tile }: ChipSpec, top: number): { elements: string[]; height: number } {
  const { down, across, together } = sheetOf(layer, tile);
  // Tiles keep their proportions.
  const unit = Math.min(
    map.largest / Math.max(tile.rows, tile.columns),
    map.width / (across * tile.columns),
    map.height / (down * tile.rows),
  );
  const [width, height] = [across * tile.columns * unit, down * tile.rows * unit];
  const [inputs, outputs] = [layer.inputs * unit, layer.outputs * unit];
  const occupied: Rectangle[] = Array.from({ length: together }, (_, i) => ({
    x: margin + i * outputs,
    y: top + i * inputs,
    width: outputs,
    height: inputs,
  }));
  const cuts = (count: number): number[] =>
    count > mostLines ? [] : Array.from({ length: count - 1 }, (_, i) => i + 1);
  const lines = [
    ...cuts(down).map((i) =>
      pathThrough([
        [margin, top + (i * height) / down],
        [margin + width, top + (i * height) / down],
      ]),
    ),
    ...cuts(across).map((i) =>
      pathThrough([
        [margin + (i * width) / across, top],
        [margin + (i * width) / across, top + height],
      ]),
    ),
  ];
  return {
    elements: [
      element("path", { d: pathOfRectangles(occupied), class: "c" }),
      element("path", {
        d: [pathOfRectangles([{ x: margin, y: top, width, height }]), ...lines].join(""),
        class: "frame",
      }),
    ],
    height,
  };
}

/** Histograms of a layer's target conductances, one for each slice; arms stand beside each other in a bin. */
function histogramsOf({ histograms: arms, slices }: LayerTargets, top: number): string[] {
  const width = Math.min(histograms.most, (histograms.width - histograms.gap * (slices - 1)) / slices);
  return Array.from({ length: slices }, (_, slice) => {
    const left = histogramsAt + slice * (width + histograms.gap);
    const bottom = top + histograms.height;
    const total = arms[0]![slice]!.reduce((sum, n) => sum + n, 0);
    const bars = arms.map((arm, a) => {
      const counts = [...arm[slice]!];
      const binWidth = width / counts.length;
      const rectangles = counts.flatMap((n, bin): Rectangle[] => {
        const height = total === 0 ? 0 : histograms.height * Math.sqrt(n / total);
        const barWidth = (binWidth * 0.9) / arms.length;
        const x = left + (bin + 0.05) * binWidth + a * barWidth;
        return n === 0 ? [] : [{ x, y: bottom - height, width: barWidth, height }];
      });
      return element("path", { d: pathOfRectangles(rectangles), class: seriesClass[a]! });
    });
    return [
      ...bars,
      element("path", {
        d: pathThrough([
          [left, bottom],
          [left + width, bottom],
        ]),
        class: "frame",
      }),
      ...(width < roomForWords
        ? [textElement(left + width / 2, bottom + 12, String(slice), { class: "quiet small middle" })]
        : [
            textElement(left, bottom + 12, "gMin", { class: "quiet small" }),
            textElement(left + width / 2, bottom + 12, `slice ${slice}`, { class: "quiet small middle" }),
            textElement(left + width, bottom + 12, "gMax", { class: "quiet small end" }),
          ]),
    ];
  }).flat();
}

const counted = (n: number, what: string): string => `${n.toLocaleString("en-US")} ${what}${n === 1 ? "" : "s"}`;

/** The numbers of a layer. */
function wordsOf(layer: LayerTargets, chip: ChipSpec): string {
  const { inputs, outputs, blocks, arms, slices, tiles, cells, utilisation } = layer;
  const { down, across, copies } = sheetOf(layer, chip.tile);
  const matrices = blocks === 1 ? "" : `${blocks} × `;
  const sheets = arms * slices * copies;
  const drawn = `; one of ${sheets} alike is drawn`;
  return `${matrices}${inputs}×${outputs} on ${counted(tiles, "tile")}, ${counted(cells, "cell")}, ${percent(utilisation)} % used${tiles > down * across ? drawn : ""}`;
}

function legend(chip: ChipSpec): string[] {
  const entries: readonly (readonly [className: string, words: string])[] = [
    ["c", "occupied part of a tile"],
    ...(chip.mapping.arrangement === "differential"
      ? ([
          ["a", "arm of positive weights"],
          ["b", "arm of negative weights"],
        ] as const)
      : ([["a", "cells of all weights"]] as const)),
  ];
  let x = margin;
  return entries.flatMap(([className, words]) => {
    const at = x;
    x += 36 + 7 * words.length;
    return [
      element("rect", { x: at, y: 80, width: 11, height: 11, class: className }),
      textElement(at + 16, 90, words, { class: "quiet" }),
    ];
  });
}

/** Draws a network on a chip as SVG: the tiles of each layer, and histograms of the conductances that its cells are meant to hold. */
export function drawChip(layers: readonly LayerTargets[], chip: ChipSpec, title: string): string {
  const { tile, mapping } = chip;
  const bits =
    mapping.weightBits === null
      ? "weights unquantised"
      : `${mapping.weightBits} bits a weight, ${mapping.bitsPerCell} a cell`;
  let top = 112;
  const rows = layers.flatMap((layer) => {
    const start = top;
    const { elements, height } = tilesOf(layer, chip, start + rowTop);
    top += rowTop + Math.max(height, histograms.height + 16) + 22;
    return [
      textElement(margin, start + 12, layerName(layer.layer), { class: "name" }),
      textElement(margin, start + 27, wordsOf(layer, chip), { class: "quiet" }),
      ...elements,
      ...histogramsOf(layer, start + rowTop),
    ];
  });
  const head = [
    textElement(margin, 32, shortened(oneLine(title), 100), { class: "title" }),
    textElement(
      margin,
      53,
      `Device ${chip.device.id}, ${bits}, ${mapping.arrangement}; tiles of ${tile.rows}×${tile.columns}, word lines down, bit lines across.`,
      { class: "quiet" },
    ),
    textElement(
      margin,
      70,
      "Histograms by slice: share of the cells by target conductance, from gMin to gMax; heights are its square root.",
      {
        class: "quiet",
      },
    ),
    ...legend(chip),
  ];
  return picture(histogramsAt + histograms.width + margin, top, [...head, ...rows]);
}
