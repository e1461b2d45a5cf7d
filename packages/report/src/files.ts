import type { EvaluationResult, SigmaDeviation, SigmaResult } from "@neft/evaluation";
import type { EqualiseResult } from "@neft/training";
import type { StudyFile } from "./study.js";

/** What results say about their origin. */
export interface ResultOrigin {
  readonly model: { readonly file: string; readonly sha256: string };
  readonly data?: { readonly name: string; readonly samples: number } | undefined;
  readonly settings: object;
  readonly versions: { readonly neft: string; readonly node: string };
  readonly build: string;
  readonly run: { readonly workers: number; readonly seconds: number };
}

/** Metrics by id: numbers, or means with intervals; those that users define have any value. */
export interface ReportedMetrics {
  readonly yield?:
    | readonly {
        readonly accuracy: number;
        readonly share: number;
        readonly ci95: readonly [low: number, high: number] | null;
      }[]
    | undefined;
  readonly confidence?: SigmaResult["confidence"] | undefined;
}

/** What older files don't have. */
interface Later {
  /** Values of each chip, in the order of the chips. */
  readonly perChip?: { readonly accuracy: readonly number[] } | undefined;
  readonly metrics?: ReportedMetrics | undefined;
  /** Metrics of scores divided by a temperature. */
  readonly scaled?: { readonly temperature: number; readonly metrics: ReportedMetrics } | undefined;
}

/** Results of one σ and age. */
export type ReportedResult = Omit<SigmaResult, "accuracy" | keyof Later> & {
  readonly accuracy: SigmaResult["accuracy"] & { readonly p95?: number | undefined };
} & Later;

export interface ReportedEvaluation extends ResultOrigin {
  readonly kind: "evaluation";
  readonly digital: Pick<EvaluationResult["digital"], "accuracy" | "confidence">;
  readonly results: readonly ReportedResult[];
  readonly warnings?: readonly string[] | undefined;
}

export interface ReportedDeviation extends ResultOrigin {
  readonly kind: "deviation";
  readonly results: readonly SigmaDeviation[];
  readonly warnings: readonly string[];
}

/** A validation during a training. */
export interface ReportedValidation {
  readonly step: number;
  readonly accuracy?: number | undefined;
  readonly relativeError?: number | null | undefined;
}

/** What an equalisation did. */
export type ReportedRescaling = Omit<EqualiseResult, "settings" | "wide">;

export interface ReportedFinetuning extends ResultOrigin {
  readonly kind: "finetuning";
  readonly result: {
    readonly validations: readonly ReportedValidation[];
    readonly best: ReportedValidation | null;
    readonly steps: number;
    readonly ended: { readonly reason: string; readonly message?: string | undefined };
    readonly equalised?: ReportedRescaling | undefined;
    readonly warnings?: readonly string[] | undefined;
  };
}

export interface ReportedEqualisation extends ResultOrigin {
  readonly kind: "equalisation";
  readonly result: ReportedRescaling;
}

/** Results that a report can show: the contents of files that the command has written. */
export type ReportedFile =
  | ReportedEvaluation
  | ReportedDeviation
  | ReportedFinetuning
  | ReportedEqualisation
  | StudyFile;

/** Results with the name that charts and tables give them. */
export interface Source<File = ReportedFile> {
  readonly title: string;
  readonly file: File;
}

/** The sources of one kind. */
export const ofKind = <Kind extends ReportedFile["kind"]>(
  sources: readonly Source[],
  kind: Kind,
): Source<Extract<ReportedFile, { kind: Kind }>>[] =>
  sources.filter((source): source is Source<Extract<ReportedFile, { kind: Kind }>> => source.file.kind === kind);
