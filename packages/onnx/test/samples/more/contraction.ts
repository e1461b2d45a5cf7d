import { fixed, type Sample, typed, x } from "../sample.js";

const einsum = (equation: string, ...inputs: Sample["inputs"]): Sample => ({
  op: "Einsum",
  about: equation,
  from: 12,
  inputs,
  attributes: { equation },
});

export const contraction: readonly Sample[] = [
  einsum("ij,jk->ik", x(2, 3), fixed(3, 4)),
  einsum("bij, kj -> bki", x(2, 3, 4), fixed(5, 4)),
  einsum("bfnd,ndh->bfh", x(2, 3, 2, 4), fixed(2, 4, 5)),
  einsum("hnd,bfnd->bfh", fixed(5, 2, 4), x(2, 3, 2, 4)),
  einsum("bqnd,bknd->bnqk", x(2, 3, 2, 4), x(2, 5, 2, 4)),
  einsum("...ij,...jk", x(2, 3, 4), x(2, 4, 5)),
  einsum("ii->i", x(3, 3)),
  einsum("ij->", x(3, 4)),
  einsum("i,j,k->ijk", x(2), x(3), x(2)),
  einsum("ij,jk->ik", typed("i32", [1, 2, 3, 4, 5, 6], [2, 3]), typed("i32", [1, 2, 3, 4, 5, 6], [3, 2])),
  einsum("ij,jk->ik", typed("i64", [1, 2, 3, 4], [2, 2]), typed("i64", [1, -2, 3, 4], [2, 2])),
];
