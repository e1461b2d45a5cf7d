import { kind, OptionError } from "@neft/options";
import { ofKind, type ReportedFile, type Source } from "./files.js";
import type { Section } from "./section.js";
import { deviationSection } from "./sections/deviation.js";
import { evaluationSection } from "./sections/evaluation.js";
import { layerSection } from "./sections/layers.js";
import { settingsSection } from "./sections/settings.js";
import { studySections } from "./sections/study.js";
import { trainingSection } from "./sections/training.js";
import { distinct, unique } from "./spec.js";

/** A report as data: `renderReport` makes a page of it. */
export interface Report {
  readonly title: string;
  /** What it was made of: names and kinds of results. */
  readonly sources: readonly { readonly title: string; readonly words: string }[];
  /** Possible causes of unexpected numbers. */
  readonly warnings: readonly string[];
  readonly sections: readonly Section[];
}

export interface ReportOptions {
  /** Default: what the results are of. */
  readonly title?: string | undefined;
  /** The method of a study that others are compared with. Default: its first. */
  readonly baseline?: string | undefined;
}

const isList = kind("at least one result", (value) => Array.isArray(value) && value.length > 0);

/** Kinds of results in words. */
const kindWords: Readonly<Record<ReportedFile["kind"], string>> = {
  evaluation: "evaluation on chips",
  deviation: "deviation from the clean network",
  finetuning: "finetuning",
  equalisation: "equalisation",
  study: "study",
};

/**
 * Makes a report: charts, tables and texts, by what the results have. Results of the same kind are compared in the same charts.
 *
 * @param given  Results with the names that the report gives them. Texts in them may be anything.
 * @throws {RangeError} without results, for a kind that reports don't show, or a baseline that no study has.
 */
export function createReport(given: readonly Source[], { title, baseline }: ReportOptions = {}): Report {
  isList(given, "report: results");
  for (const { file } of given)
    kind(knownKinds, (value) => Object.hasOwn(kindWords, String(value)))(file.kind, "report: kind");
  const names = distinct(given.map((one) => one.title));
  const sources = given.map(({ file }, i) => ({ title: names[i]!, file }));
  if (baseline !== undefined && ofKind(sources, "study").length === 0)
    throw new OptionError({
      option: "baseline",
      expected: "results of a study, whose methods are compared",
      got: "none",
    });
  const sections = [
    ...studySections(sources, baseline),
    ...[evaluationSection, deviationSection, trainingSection, layerSection, settingsSection].flatMap(
      (make) => make(sources) ?? [],
    ),
  ];
  return {
    title: title ?? defaultTitle(sources),
    sources: sources.map(({ title, file }) => ({ title, words: sourceWords(file) })),
    warnings: sources
      .flatMap(({ title, file }) => warningsIn(file).map((warning) => `${title}: ${warning}`))
      .concat(versionWarning(sources)),
    sections,
  };
}

const knownKinds = `results of ${Object.values(kindWords).join(", ")}`;

function defaultTitle(sources: readonly Source[]): string {
  const models = unique(sources.flatMap(({ file }) => ("model" in file ? [baseName(file.model.file)] : [])));
  const [first] = models;
  if (first !== undefined && models.length === 1) return first;
  return sources.length === 1 ? sources[0]!.title : `Comparison of ${sources.length} results`;
}

const baseName = (path: string): string => path.split(/[/\\]/).at(-1)!;

function sourceWords(file: ReportedFile): string {
  if (file.kind === "study") return `${kindWords.study} · ${file.rows.length} results`;
  const data = file.data && `${file.data.samples} samples of ${file.data.name}`;
  return [kindWords[file.kind], file.model.file, data].filter((one) => one !== undefined).join(" · ");
}

function warningsIn(file: ReportedFile): readonly string[] {
  if (file.kind === "study") return [];
  return ("result" in file ? file.result.warnings : file.warnings) ?? [];
}

/** Results of several versions may not be comparable: seeded numbers change from one to the next where the changelog says so. */
function versionWarning(sources: readonly Source[]): string[] {
  const versions = unique(sources.flatMap(({ file }) => (file.kind === "study" ? [] : [file.versions.neft])));
  return versions.length < 2
    ? []
    : [`The results are of neft ${versions.join(" and ")}; numbers may differ between versions for that reason alone.`];
}
