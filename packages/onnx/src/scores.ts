/** A case of a conformance suite with its result, as in `conformance/results`. */
export interface ConformanceCase {
  readonly suite: string;
  readonly name: string;
  /** Operator under test; undefined when the case tests no single one. */
  readonly operator?: string;
  readonly result: "pass" | "fail" | "refused";
}

/** How many of an operator's cases pass. */
export interface Score {
  readonly passed: number;
  readonly total: number;
}

/** Scores of every operator in the cases of one suite, by name. */
export function scoresByOperator(cases: readonly ConformanceCase[], suite = "node"): Map<string, Score> {
  const scores = new Map<string, Score>();
  for (const { operator, result } of cases.filter((one) => one.suite === suite)) {
    if (operator === undefined) continue;
    const { passed, total } = scores.get(operator) ?? { passed: 0, total: 0 };
    scores.set(operator, { passed: passed + Number(result === "pass"), total: total + 1 });
  }
  return scores;
}
