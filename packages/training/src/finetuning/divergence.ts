/** Losses averaged at the start of a run, as what later ones are measured against. */
const firstLosses = 20;

/** Later losses are averaged with this decay: about the last 20. */
const decay = 0.95;

/** A smoothed loss this many times the first ones' average has left for good: far above any spike of a run that recovers. */
const limit = 10;

/** Watches the loss of a run. Returns why the run makes no sense any more, once it doesn't. */
export function watchLoss(): (loss: number) => string | undefined {
  let count = 0;
  let first = 0;
  let smoothed = 0;
  return (loss) => {
    if (!Number.isFinite(loss)) return `expected a finite loss, got ${loss}`;
    count++;
    if (count <= firstLosses) {
      first += (loss - first) / count;
      smoothed = first;
      return undefined;
    }
    smoothed = decay * smoothed + (1 - decay) * loss;
    // Below 1 the ratio says little: a network that starts at a loss of 0.01 may well go through 0.1.
    const bound = limit * Math.max(first, 1);
    return smoothed > bound
      ? `expected the loss to stay below ${bound.toFixed(2)}, got ${smoothed.toFixed(2)} on average`
      : undefined;
  };
}
