/** A finished cell of a study at one σ: a network trained by a method with a seed, on chips. */
export interface StudyRow {
  readonly model: string;
  readonly method: string;
  readonly device: string;
  /** σ of the training; null for a network that was neither trained nor rescaled. */
  readonly trainSigma: number | null;
  /** Seed of the training and of the chips. */
  readonly seed: number;
  /** σ of the chips; those of a seed and σ are the same for every method. */
  readonly sigma: number;
  /** Age of the chips in seconds, where the study has ages. */
  readonly time_s?: number | undefined;
  /** Accuracy without variation, in percent. */
  readonly digital: number;
  /** Values of each chip, in the order of the chips; accuracies in percent. */
  readonly chips: {
    readonly accuracy: readonly number[];
    readonly loss?: readonly number[] | undefined;
    readonly confidence?: readonly number[] | undefined;
  };
  /** Further measures over all chips, by name; null where a measure has no value. */
  readonly metrics: Readonly<Record<string, number | null>>;
  /** Passes through the network in training, and epochs. */
  readonly cost: { readonly forward: number; readonly backward: number; readonly epochs: number };
}

/** Validations of a training. */
export interface StudyCurve {
  readonly model: string;
  readonly method: string;
  readonly device: string;
  readonly seed: number;
  readonly validations: readonly { readonly step: number; readonly accuracy?: number | undefined }[];
}

/** Results of a study; files of the command have its plan, too. */
export interface StudyFile {
  readonly kind: "study";
  readonly format: 1;
  readonly rows: readonly StudyRow[];
  readonly curves?: readonly StudyCurve[] | undefined;
}
