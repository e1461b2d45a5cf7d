const points = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
const halfOf = ({ ci95 }) => (ci95 === null ? Number.POSITIVE_INFINITY : (ci95[1] - ci95[0]) / 2);

/** Mean of `a` less that of `b`, in points, with the half-width of its 95 % interval over chips. */
export function difference(a, b) {
  return { mean: a.mean - b.mean, half: Math.hypot(halfOf(a), halfOf(b)) };
}

/** "+1.20 ± 0.50"; without an interval where one chip gives none. */
export const inWords = ({ mean, half }) => points(mean) + (Number.isFinite(half) ? ` ± ${half.toFixed(2)}` : "");

const verdict = ({ mean, half }) => (Math.abs(mean) <= half ? "no different from" : mean > 0 ? "above" : "below");

/**
 * What the numbers say, gains and losses alike, in plain sentences.
 *
 * @param at  accuracy {mean, ci95, …} of each run's id at the σ trained for.
 */
export function explain(at, sigma) {
  const lines = [];
  for (const [id, name] of [
    ["ovf", "OVF"],
    ["irs", "IRS"],
  ]) {
    const overNoise = difference(at[id], at["noise-injection"]);
    const overControl = difference(at[id], at.temperature);
    const control = difference(at.temperature, at["noise-injection"]);
    lines.push(
      `${name} is ${inWords(overNoise)} points against noise injection at σ = ${sigma}, its temperature control ${inWords(control)}.`,
    );
    if (verdict(overControl) === "no different from") {
      lines.push(
        `  ${name} and the control, which has the divisor N + 1 of the negative feedback loss but no feedback, differ by ${inWords(overControl)}: within the chips' scatter.`,
        "  So on this network that divisor, a softmax temperature, explains what there is of a difference; the feedback itself does not show.",
      );
    } else {
      lines.push(
        `  Against the control, which has the loss's divisor N + 1 but no feedback, it is ${verdict(overControl)}: ${inWords(overControl)}.`,
      );
    }
  }
  const clipped = at["noise-injection-clip2"];
  const feedback = ["ovf", "irs"].map((id) => at[id]).reduce((a, b) => (a.mean > b.mean ? a : b));
  const overFeedback = difference(clipped, feedback);
  lines.push(
    `Noise injection with weights clipped to ± 2 of their standard deviations is ${inWords(overFeedback)} against the better of OVF and IRS.`,
  );
  if (verdict(overFeedback) === "above") {
    lines.push(
      "  Plain clipping beats both here: variation grows with the largest weight of a layer, and clipping makes that smaller.",
      "  It is no rival: --clip goes with any strategy.",
    );
  }
  lines.push(
    "One training seed each: another seed moves a mean by some tenths of a point, so smaller differences mean nothing.",
  );
  return lines;
}
