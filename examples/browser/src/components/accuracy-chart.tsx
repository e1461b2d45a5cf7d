import { useMemo, useRef } from "preact/hooks";
import type uPlot from "uplot";
import type { Colours } from "../chart/colours.js";
import { axis, type ChartOptions, Plot } from "../chart/plot.js";
import { drawSwarms, type Swarm } from "../chart/swarm.js";
import { type Measured, readChips, statisticsOf } from "../state/measured.js";
import { after, before, chips, network, opening, sigmas, testData } from "../state/state.js";

type Column = (number | null)[];

/** Mean and interval of a measurement over x: the digital network at σ = 0, then each σ. */
function columns(measured: Measured | undefined, count: number): [mean: Column, low: Column, high: Column] {
  if (!measured) return [0, 1, 2].map(() => Array(count).fill(null)) as [Column, Column, Column];
  const rows = measured.sigmas.map(statisticsOf);
  const digital = measured.digital ?? null;
  return [
    [digital, ...rows.map((row) => row?.mean ?? null)],
    [digital, ...rows.map((row) => row?.ci95?.[0] ?? row?.mean ?? null)],
    [digital, ...rows.map((row) => row?.ci95?.[1] ?? row?.mean ?? null)],
  ];
}

function chartOptions(
  colours: Colours,
  largest: number,
  swarms: () => readonly Swarm[],
  spacing: number,
): ChartOptions {
  const curve = (stroke: string): uPlot.Series[] => [
    { stroke, width: 2.5, points: { show: true, size: 7, fill: colours.surface, width: 2 } },
    { stroke: "transparent", points: { show: false } },
    { stroke: "transparent", points: { show: false } },
  ];
  // Ticks at the σ of the chips, or every second or third where they would touch.
  const ticks = (chart: uPlot): number[] => {
    const all = Array.from(
      { length: Math.round(largest / spacing) + 1 },
      (_, i) => Math.round(1e4 * i * spacing) / 1e4,
    );
    const step = Math.ceil((all.length * 44) / chart.width);
    return all.filter((_, i) => i % step === 0);
  };
  return {
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, range: [0, largest + 0.6 * spacing] }, y: { range: [0, 100] } },
    axes: [
      axis(colours, "σ", { size: 30, splits: ticks, values: (_, at) => at.map(String) }),
      axis(colours, "accuracy, %", { size: 40 }),
    ],
    series: [{}, ...curve(colours.before), ...curve(colours.after)],
    bands: [
      { series: [3, 2], fill: `color-mix(in srgb, ${colours.before} 28%, transparent)` },
      { series: [6, 5], fill: `color-mix(in srgb, ${colours.after} 28%, transparent)` },
    ],
    hooks: { drawAxes: [(chart) => drawSwarms(chart, swarms(), spacing)] },
  };
}

/** What the chart shows, for those who can't see it. */
function words(): string {
  const shown = after.value ?? before.value;
  if (!shown) return "Accuracy of the chips over σ. Empty before the first run.";
  const last = shown.sigmas.filter((row) => readChips(row).length > 0).at(-1);
  const mean = last && statisticsOf(last)?.mean.toFixed(1);
  const digital = shown.digital === undefined ? "" : `${shown.digital.toFixed(1)} % without variation. `;
  return `Accuracy of the chips over σ. ${digital}${last ? `Mean at σ ${last.sigma}: ${mean} %.` : ""}`;
}

/** Accuracy against σ: a dot for each chip, the mean with its 95 % interval, before and after finetuning. */
export function AccuracyChart() {
  const [first, second] = [before.value, after.value];
  const x = (first ?? second)?.sigmas.map(({ sigma }) => sigma) ?? sigmas.value;
  const spacing = x[1] === undefined ? x[0]! : x[1] - x[0]!;
  const swarms = useRef<readonly Swarm[]>([]);
  const colours = useRef<Colours | undefined>(undefined);
  const both = first && second;
  const lanes: Readonly<Record<"before" | "after", Swarm["lane"]>> = both
    ? { before: [-0.3, -0.04], after: [0.04, 0.3] }
    : { before: [-0.18, 0.18], after: [-0.18, 0.18] };
  const swarmsOf = (measured: Measured | undefined, name: "before" | "after"): Swarm[] =>
    (measured?.sigmas ?? []).map((row) => ({
      sigma: row.sigma,
      values: readChips(row),
      lane: lanes[name],
      colour: colours.current?.[name] ?? "",
    }));
  // X follows from the measurements and the settings.
  const data = useMemo(
    () => [[0, ...x], ...columns(first, x.length + 1), ...columns(second, x.length + 1)] as uPlot.AlignedData,
    [first, second, chips.value],
  );
  const draw = () => [...swarmsOf(before.value, "before"), ...swarmsOf(after.value, "after")];
  swarms.current = draw();
  return (
    <figure class="chart">
      <figcaption>
        <h3>Accuracy{testData.value && ` on ${testData.value.count.toLocaleString("en")} test samples`}</h3>
        <ul class="legend">
          <li data-kind="before">as opened</li>
          {second && <li data-kind="after">finetuned</li>}
          <li data-kind="note">dot: a chip · line: mean · band: its 95 % interval</li>
        </ul>
      </figcaption>
      <div class="stage">
        <Plot
          label={words()}
          height={400}
          data={data}
          version={`${x.join()}`}
          options={(read) => {
            colours.current = read;
            swarms.current = draw();
            return chartOptions(read, x.at(-1)!, () => swarms.current, spacing);
          }}
        />
        {!first && !second && (
          <p class="invitation">
            {opening.value || !network.value ? (
              "Loading…"
            ) : testData.value ? (
              <>
                Press <strong>Run</strong> to try {chips.value.points * chips.value.chips} chips. Each will be a dot
                here.
              </>
            ) : (
              "Open test samples that fit this network."
            )}
          </p>
        )}
      </div>
    </figure>
  );
}
