import type { LayerRead } from "@neft/evaluation";
import { oneLine, shortened } from "@neft/options";
import { alignedTable, left, right } from "./table.js";

const mostCharacters = 40;
const count = (n: number): string => Math.round(n).toLocaleString("en-US");
/** A share in percent. */
export const percent = (share: number): string => {
  const value = 100 * share;
  return value === 0 ? "0" : value < 0.01 ? "< 0.01" : value.toFixed(2);
};

/** A name of a layer, escaped and shortened. */
export const layerName = (name: string): string => oneLine(shortened(name, mostCharacters));

interface Column {
  readonly title: string;
  /** Undefined for a layer without such a number. */
  readonly text: (layer: LayerRead) => string | undefined;
}

const counted = (n: number | undefined): string | undefined => (n === undefined ? undefined : count(n));

/** The number and the clipped share of conversions. */
const rates = (what: "inputs" | "sums"): Column[] => [
  { title: `${what} converted`, text: ({ conversions }) => counted(conversions[what]?.perInference) },
  {
    title: "clipped %",
    text: ({ conversions }) => (conversions[what] === null ? undefined : percent(conversions[what].clipped)),
  },
];

const columns: readonly Column[] = [
  { title: "tiles", text: ({ tiles }) => count(tiles) },
  { title: "cells", text: ({ cells }) => count(cells) },
  { title: "utilisation %", text: ({ utilisation }) => percent(utilisation) },
  { title: "writes", text: ({ writes }) => counted(writes) },
  { title: "unverified", text: ({ unverified }) => counted(unverified) },
  { title: "stuck on", text: ({ stuckOn }) => counted(stuckOn) },
  { title: "stuck off", text: ({ stuckOff }) => counted(stuckOff) },
  ...rates("inputs"),
  ...rates("sums"),
];

/**
 * Formats what layers take on a chip: tiles, cells, the share of the tiles' cells that are used, pulses that wrote cells, conversions for one
 * inference and the shares that were clipped. Columns that no layer has are left out.
 */
export function layerTable(layers: readonly LayerRead[]): string {
  const shown = columns.filter(({ text }) => layers.some((layer) => text(layer) !== undefined));
  return alignedTable(
    [left("layer"), ...shown.map(({ title }) => right(title))],
    layers.map((layer) => [layerName(layer.layer), ...shown.map(({ text }) => text(layer) ?? "–")]),
  );
}
