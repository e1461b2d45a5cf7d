import { because, defineSettings, oneOf, type ResolvedOf, real, whole } from "@neft/options";

/** Most word or bit lines of a tile: larger arrays aren't built. */
const maxLines = 8192;

const lines = because(
  whole({ min: 1, max: maxLines }),
  "each slice of a weight needs a cell, and wires and converters forbid larger arrays",
);

/** Crossbars of bounded size. */
export const tileSettings = defineSettings({
  rows: { kind: lines, about: "most word lines of a tile", default: 256 },
  columns: { kind: lines, about: "most bit lines of a tile", default: 256 },
  subtract: {
    kind: oneOf(["analog", "digital"]),
    about: "where a pair's currents are subtracted: before the converter, or digitally after it",
    default: "analog",
  },
  rWire_ohm: {
    kind: because(real({ min: 0 }), "a wire has no negative resistance"),
    about: "resistance of the wire between neighbouring cells, on word and bit lines; 0 for none",
    default: 0,
  },
  wires: {
    kind: oneOf(["exact", "fast"]),
    about: "how the drop of voltages along the wires is computed: by all nodes' equations, or line by line",
    default: "exact",
  },
});

export interface TileSettings extends ResolvedOf<typeof tileSettings> {}
