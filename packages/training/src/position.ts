/** Progress of a run. */
export interface TrainingPosition {
  /** Current epoch, from 1. */
  readonly epoch: number;
  /** Number of steps done. */
  readonly step: number;
  /** Total steps of the run. */
  readonly steps: number;
}

/** Numbers of steps: of an epoch, and of the run. Plain data. */
export interface RunLength {
  readonly perEpoch: number;
  readonly steps: number;
}

/** Position at the start of the step that `step` others precede. */
export const positionBefore = ({ perEpoch, steps }: RunLength, step: number): TrainingPosition => ({
  epoch: Math.floor(step / perEpoch) + 1,
  step,
  steps,
});

/** Position at the end of the last of `step` steps. */
export const positionAfter = (length: RunLength, step: number): TrainingPosition => ({
  ...positionBefore(length, Math.max(0, step - 1)),
  step,
});
