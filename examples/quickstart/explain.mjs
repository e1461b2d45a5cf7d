const points = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
const halfOf = ({ ci95 }) => (ci95 === null ? Number.POSITIVE_INFINITY : (ci95[1] - ci95[0]) / 2);

/** Mean of `a` less that of `b`, in points, with the half-width of its 95 % interval over chips. */
export function difference(a, b) {
  return { mean: a.mean - b.mean, half: Math.hypot(halfOf(a), halfOf(b)) };
}

/** "+1.20 ± 0.50"; without the second number where one chip gives no interval. */
export const inWords = ({ mean, half }) => points(mean) + (Number.isFinite(half) ? ` ± ${half.toFixed(2)}` : "");

const isClear = ({ mean, half }) => Math.abs(mean) > half;

/** N + 1 of the negative feedback loss: OVF has three feedback outputs, IRS a head for each of LeNet-5's two pools. */
const divisors = { ovf: 4, irs: 3 };
const controlDivisor = 4;

/** What one kind of negative feedback did, against noise injection and against its own control. */
function explainFeedback(name, divisor, own, at) {
  const overNoise = difference(own, at["noise-injection"]);
  const control = difference(at.temperature, at["noise-injection"]);
  const overControl = difference(own, at.temperature);
  const itsOwn = divisor === controlDivisor ? "" : ` (${name}'s own is ${divisor})`;
  const first = `${name} against noise injection: ${inWords(overNoise)}; its control, logits divided by ${controlDivisor}${itsOwn} and no feedback: ${inWords(control)}.`;
  if (isClear(overControl)) {
    const where = overControl.mean > 0 ? "above" : "below";
    return [
      first,
      `  It lies ${where} its control by ${inWords(overControl)}: here the feedback itself ${overControl.mean > 0 ? "helps" : "costs"}.`,
    ];
  }
  return [
    first,
    `  It can't be told from its control (${inWords(overControl)}): what ${name} does here, that division alone, a softmax temperature, does as well.`,
  ];
}

/**
 * What the numbers say, gains and losses alike, in plain sentences.
 *
 * @param at  accuracy {mean, ci95} of each run's id at the σ trained for.
 */
export function explain(at, sigma) {
  const better = at.ovf.mean > at.irs.mean ? { name: "OVF", own: at.ovf } : { name: "IRS", own: at.irs };
  const clipped = difference(at["noise-injection-clip2"], better.own);
  const lines = [
    `At σ = ${sigma}, in points of mean accuracy:`,
    ...explainFeedback("OVF", divisors.ovf, at.ovf, at),
    ...explainFeedback("IRS", divisors.irs, at.irs, at),
    `Noise injection with weights clipped to ± 2 times their root mean square, against ${better.name}: ${inWords(clipped)}.`,
  ];
  if (isClear(clipped) && clipped.mean > 0) {
    lines.push(
      "  Plain clipping beats both: variation grows with a layer's largest weight, and clipping makes just that smaller.",
      "  It is no rival of theirs: clipping goes with any strategy (--clip).",
    );
  }
  return [
    ...lines,
    "One training seed each. Another seed moves a mean by some tenths of a point: smaller differences mean nothing.",
  ];
}
