const points = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
const halfOf = ({ ci95 }) => (ci95 === null ? Number.POSITIVE_INFINITY : (ci95[1] - ci95[0]) / 2);

/** Difference of mean accuracies a − b in percentage points, with the half-width of its 95 % interval over chips. */
export function difference(a, b) {
  return { mean: a.mean - b.mean, half: Math.hypot(halfOf(a), halfOf(b)) };
}

/** Formats a difference as "+1.20 ± 0.50", or "+1.20" when a single chip gives no interval. */
export const inWords = ({ mean, half }) => points(mean) + (Number.isFinite(half) ? ` ± ${half.toFixed(2)}` : "");

const isClear = ({ mean, half }) => Math.abs(mean) > half;

/** N + 1 of the negative feedback loss: OVF has three feedback outputs, IRS a head for each of LeNet-5's two pools. */
const divisors = { ovf: 4, irs: 3 };
const controlDivisor = 4;

/** Sentences that compare one kind of negative feedback with noise injection and with its control. */
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
      `  It is ${where} its control by ${inWords(overControl)}: the feedback itself ${overControl.mean > 0 ? "increases" : "decreases"} the accuracy here.`,
    ];
  }
  return [
    first,
    `  It doesn't differ from its control beyond the interval (${inWords(overControl)}): the division alone, a softmax temperature, has the same effect here.`,
  ];
}

/**
 * Describes the results in sentences, gains and losses alike.
 *
 * @param at     accuracy {mean, ci95} at σ, by the runs' ids.
 * @param sigma  the σ of finetuning.
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
      "  Plain clipping beats both: variation is proportional to a layer's largest weight, which clipping reduces.",
      "  Clipping can be combined with any strategy (--clip).",
    );
  }
  return [
    ...lines,
    "Each network was trained with one seed. Another seed changes a mean by some tenths of a point: smaller differences aren't significant.",
  ];
}
