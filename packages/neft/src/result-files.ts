import type { DeviationResult, EvaluationResult, SigmaResult } from "@neft/evaluation";
import type { Build } from "@neft/kernels";
import type { WeightRounding } from "@neft/onnx";
import type { BenchmarkResult, benchmarkSettings } from "@neft/profile";
import type { StudyFile } from "@neft/report";
import type { EqualiseResult, FinetuneResult, Passes, ResolvedEqualiseSettings } from "@neft/training";
import type { equalisationRows, evaluationRows, finetuningRows, RecordOf } from "./recorded-settings.js";

/** A model file and the SHA-256 of its bytes, in hexadecimal digits. */
export interface ModelFileRecord {
  readonly file: string;
  readonly sha256: string;
}

/** What all kinds of files say about their origin. */
export interface Origin {
  /** Changes when readers must change. */
  readonly format: 1;
  readonly model: ModelFileRecord;
  readonly versions: { readonly neft: string; readonly node: string };
  readonly build: Build;
  /** Facts that don't influence the results. */
  readonly run: { readonly workers: number; readonly seconds: number };
}

/** The origin of results on a dataset. */
export interface Provenance extends Origin {
  /** `arrays`: names of the arrays read from an archive: samples and labels, samples alone, or one for each input. */
  readonly data: { readonly name: string; readonly samples: number; readonly arrays?: readonly string[] };
}

/** Results of the chips of one σ, without class scores. Older files don't have `metrics` and `perChip`. */
export type RecordedResult = Omit<SigmaResult, "metrics" | "perChip" | "scores"> &
  Partial<Pick<SigmaResult, "metrics" | "perChip">>;

/**
 * The file that `neft evaluate --json` writes. `settings` are the options of `evaluate` that were used, all defaults filled in: with the
 * same model and data they give the same results.
 */
export interface EvaluationFile extends Provenance {
  readonly kind: "evaluation";
  /** `loss` is missing in older files. */
  readonly digital: Omit<EvaluationResult["digital"], "loss" | "scores"> & { readonly loss?: number };
  readonly results: readonly RecordedResult[];
  /** Samples that temperatures were fitted on, if any. */
  readonly temperatureData?: Provenance["data"];
  readonly settings: RecordOf<typeof evaluationRows>;
  /** Possible causes of unexpected numbers; missing in older files. */
  readonly warnings?: readonly string[];
}

/**
 * The file that `neft evaluate --reference clean --json` writes. `settings` are as in `EvaluationFile`; `results` are those of `evaluate`
 * with the reference "clean".
 */
export interface DeviationFile extends Provenance, Pick<DeviationResult, "results" | "warnings"> {
  readonly kind: "deviation";
  readonly settings: RecordOf<typeof evaluationRows>;
}

/** The file that `neft finetune --json` writes. `settings` are the options of `finetune` that were used, all defaults filled in. */
export interface FinetuningFile extends Provenance {
  readonly kind: "finetuning";
  readonly out: ModelFileRecord;
  readonly settings: RecordOf<typeof finetuningRows>;
  readonly result: Omit<FinetuneResult, "settings" | "equalised" | "warnings" | "passes" | "state"> & {
    /** Missing in older files. */
    readonly passes?: Passes;
    /** Present if it ran with `equalise`. */
    readonly equalised?: EqualisationRecord;
    readonly warnings?: readonly string[];
  };
  /** How far types of fewer bits than float32 round parameters in the written file; missing in older files. */
  readonly roundings?: readonly WeightRounding[];
}

/** What an equalisation did, with the settings that a finetuning doesn't have. */
export interface EqualisationRecord extends Omit<EqualiseResult, "settings" | "wide"> {
  readonly settings: Pick<ResolvedEqualiseSettings, "steps" | "batch" | "distance">;
}

/** The file that `neft equalise --json` writes. `settings` are the options of `equalise` that were used, all defaults filled in. */
export interface EqualisationFile extends Origin, Partial<Pick<Provenance, "data">> {
  readonly kind: "equalisation";
  /** Missing for a dry run. */
  readonly out?: ModelFileRecord;
  readonly settings: RecordOf<typeof equalisationRows>;
  readonly result: EqualisationRecord;
  /** As in `FinetuningFile`; missing for a dry run. */
  readonly roundings?: readonly WeightRounding[];
}

/**
 * The file that `neft bench --json` writes. `settings` are the options of `benchmark` that were used, all defaults filled in; times depend on
 * the machine and on what else it did.
 */
export interface BenchmarkFile extends Origin, BenchmarkResult {
  readonly kind: "benchmark";
  readonly machine: { readonly cpu: string; readonly cores: number; readonly system: string };
  readonly settings: RecordOf<typeof benchmarkSettings>;
}

/** Any of the files. */
export type ResultFile = EvaluationFile | DeviationFile | FinetuningFile | EqualisationFile | BenchmarkFile | StudyFile;
