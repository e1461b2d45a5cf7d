import { oneLine, shortened } from "@neft/options";
import type { EqualiseMethod, EqualiseProgress, EqualiseResult } from "@neft/training";
import type { EqualisationRecord } from "../results.js";
import { type Progress, startProgress } from "./progress.js";
import { alignedTable, left, right } from "./table.js";

/** A display of an equalisation's progress, which begins with the first step. */
export interface EqualisationProgress {
  update(progress: EqualiseProgress): void;
  stop(): void;
}

export function equalisationProgress(): EqualisationProgress {
  let progress: Progress | undefined;
  let isStopped = false;
  return {
    update: ({ done, total }) => {
      progress ??= startProgress("equalise", total, "steps");
      progress.update(done);
    },
    stop: () => {
      if (!isStopped) progress?.stop();
      isStopped = true;
    },
  };
}

/** The result as JSON files record it. */
export function equalisationRecord({ settings, wide: _wide, ...result }: EqualiseResult): EqualisationRecord {
  return { ...result, settings: { steps: settings.steps, batch: settings.batch, distance: settings.distance } };
}

const mostCharacters = 120;
const shown = (name: string): string => oneLine(shortened(name, mostCharacters));

/** A table of all weights on crossbars, then the lines of `gainLines`. */
export function equalisationReport(result: EqualiseResult): string {
  const columns = [
    left("layer"),
    left("weight"),
    right("max|W|/rms"),
    right("after"),
    left("outputs keep their scale for"),
  ];
  const rows = result.layers.map(({ node, parameter, range: { before, after }, fixedBy }) => [
    shown(node),
    shown(parameter),
    before.toFixed(2),
    after.toFixed(2),
    fixedBy === undefined ? "" : shown(fixedBy),
  ]);
  return [alignedTable(columns, rows), "", ...gainLines(result)].join("\n");
}

/** Where factors come from, in words. */
const origins: Readonly<Record<EqualiseMethod, string>> = {
  none: "no channel was rescaled, because no factors promise enough",
  balanced: "factors that balance the weights",
  convex: "factors with the smallest variance for the measured sensitivities",
  descent: "factors by descent on the measured distance",
  mean: "the mean of the factors of several searches",
};

/** What an equalisation gains, in a few lines. */
export function gainLines({ method, factors, variance, distance, change, area, settings }: EqualiseResult): string[] {
  const count = `${factors} free ${factors === 1 ? "factor" : "factors"}`;
  const distances = distance && [
    `distance from the clean network (${settings.distance}) at σ ${settings.sigma}, on ${distance.samples} samples and ${distance.chips} chips: ${number(distance.before)} before, ${number(distance.after)} after`,
  ];
  return [
    `equalised: ${factors === 0 ? "no channel was rescaled, because none has a free factor" : `${origins[method]}; ${count}`}`,
    `variance of the outputs, predicted${distance ? "" : " from the weights alone"}: × ${number(variance)}`,
    ...(distances ?? []),
    ...(area ? areaLines(area, settings) : []),
    change === null
      ? "outputs without variation: not compared, because the network doesn't run on random inputs; give --data"
      : `outputs without variation: changed by at most ${change.toPrecision(2)} of max(1, |y|), by rounding`,
  ];
}

/** What copies of outputs take and gain. */
function areaLines(
  { used, variance, layers, distance }: NonNullable<EqualiseResult["area"]>,
  { distance: kind, sigma }: EqualiseResult["settings"],
): string[] {
  const each = layers.map(({ node, outputs, copied, cells: { before, after } }) => {
    return `${shown(node)}: ${copied} of ${outputs} outputs, ${before} to ${after} cells`;
  });
  const distances = distance && [
    `distance from the clean network (${kind}) at σ ${sigma}: ${number(distance.before)} without copies, ${number(distance.after)} with them`,
  ];
  return [
    `copies: ${number(used)} times the cells; variance of the outputs, predicted: × ${number(variance)}`,
    ...each,
    ...(distances ?? []),
  ];
}

const number = (value: number): string => String(Number(value.toPrecision(3)));
