/** Number of losses at the start of a run whose mean is the reference. */
const firstLosses = 20;

/** Decay of the exponential moving average of later losses: about the last 20. */
const decay = 0.95;

/** A moving average above this multiple of the reference counts as divergence. It is far above the spikes of runs that recover. */
const limit = 10;

/** What is kept of a run's losses. Plain data. */
export interface LossWatch {
  /** Number of losses. */
  readonly count: number;
  /** Mean of the first losses. */
  readonly first: number;
  /** Moving average of later ones. */
  readonly smoothed: number;
}

/** The watch of a run before its first loss. */
export const startOfWatch: LossWatch = { count: 0, first: 0, smoothed: 0 };

/** The watch after a finite loss. */
export function watchLoss({ count, first, smoothed }: LossWatch, loss: number): LossWatch {
  if (count >= firstLosses) return { count: count + 1, first, smoothed: decay * smoothed + (1 - decay) * loss };
  const mean = first + (loss - first) / (count + 1);
  return { count: count + 1, first: mean, smoothed: mean };
}

/** A description of the divergence, by the last loss and the watch after it; undefined while there is none. */
export function divergenceOf({ count, first, smoothed }: LossWatch, loss: number): string | undefined {
  if (!Number.isFinite(loss)) return `expected a finite loss, got ${loss}`;
  // The reference is at least 1: a run that starts at a loss of 0.01 can pass 0.1 without diverging.
  const bound = limit * Math.max(first, 1);
  return count > firstLosses && smoothed > bound
    ? `expected the loss to stay below ${bound.toFixed(2)}, got ${smoothed.toFixed(2)} on average`
    : undefined;
}
