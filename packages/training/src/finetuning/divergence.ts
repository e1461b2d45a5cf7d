/** Number of losses at the start of a run whose mean is the reference. */
const firstLosses = 20;

/** Decay of the exponential moving average of later losses: about the last 20. */
const decay = 0.95;

/** A moving average above this multiple of the reference counts as divergence. It is far above the spikes of runs that recover. */
const limit = 10;

/**
 * Makes a check of a run's loss, to be called with the loss of every step.
 * @returns a function that returns a description of the divergence, or undefined while there is none.
 */
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
    // The reference is at least 1: a run that starts at a loss of 0.01 can pass 0.1 without diverging.
    const bound = limit * Math.max(first, 1);
    return smoothed > bound
      ? `expected the loss to stay below ${bound.toFixed(2)}, got ${smoothed.toFixed(2)} on average`
      : undefined;
  };
}
