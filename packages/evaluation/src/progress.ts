/** Progress of an evaluation. */
export interface EvaluationProgress {
  /** σ of the chips just read; 0 for the digital network. */
  readonly sigma: number;
  /** Age of the chips just read in seconds, if ages were given. */
  readonly time_s?: number;
  /** Whether the digital network was just read. */
  readonly digital: boolean;
  /** Whether the chips just read are those that the temperature is fitted on; missing if not. */
  readonly fitting?: true;
  /** Chips read so far, over all σ. The digital network counts as one chip. */
  readonly done: number;
  /** Maximum number of chips to read. */
  readonly total: number;
  /** Index of the first of the chips just read, among those of this σ. */
  readonly from: number;
  /** Accuracies of the chips just read, in percent, in the order of the chips. Empty with the reference "clean", and while a temperature is fitted. */
  readonly accuracies: readonly number[];
  /** Relative errors of the chips just read, in their order. Only with the reference "clean". */
  readonly relativeErrors?: readonly number[];
}
