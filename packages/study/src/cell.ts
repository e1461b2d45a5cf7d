import { canonicalJson, type Json } from "./canonical-json.js";

/** Version of the form of cells; part of their keys. */
export const cellFormat = 1;

/** SHA-256 of a text in UTF-8, or of bytes, in lower-case hexadecimal digits. */
export type Digest = (contents: string | Uint8Array) => string;

/** What computes the cells: another version or build may give other bits. */
export interface Maker {
  /** Version of neft. */
  readonly neft: string;
  readonly build: "simd128" | "relaxed";
}

/** A dataset by what was read: its specification, the number of samples taken, and the digest of the decoded samples and labels. */
export interface CellData {
  readonly spec: string;
  readonly limit?: number | undefined;
  readonly sha256: string;
}

/** A network: by the digest of its file, or the one that another cell makes, by that cell's key. */
export type CellModel = { readonly sha256: string } | { readonly from: string };

/** What a cell does with its network. */
export type CellKind = "equalise" | "finetune" | "evaluate";

/**
 * One unit of work of a study, as plain data: everything that decides its result, and nothing else. Where and on how many threads it runs
 * isn't part of it.
 */
export interface Cell extends Maker {
  readonly format: typeof cellFormat;
  readonly kind: CellKind;
  readonly model: CellModel;
  /** Missing for an equalisation from weights alone. */
  readonly data?: CellData | undefined;
  /** Of an evaluation: validation samples that temperatures are fitted on. */
  readonly temperatureData?: CellData | undefined;
  /** Options of the call, all defaults filled in. */
  readonly options: { readonly [name: string]: Json };
}

/** The key of a cell: the digest of its canonical JSON. It names the cell's result. */
export const keyOfCell = (cell: Cell, digest: Digest): string => digest(canonicalJson(cell, "cell"));
