import { type ArrayProduct, withEpilogue } from "@neft/model";
import { matmul, type Tensor } from "@neft/tensor";

/** The product from its reads: each block's vectors times its matrix. */
export function byReads({ weight: { tensor: whole, view }, input, map, epilogue }: ArrayProduct): Tensor {
  const w = view === undefined ? whole : view.apply(whole);
  const { vectors, collect } = map.kind.reads(input, w.shape, map.settings);
  const blocks = map.kind.matrices(w, map.settings);
  return withEpilogue(collect(vectors.map((x, block) => matmul(x, blocks[block]!))), epilogue, map.kind.channels);
}
