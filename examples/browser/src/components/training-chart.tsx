import { useMemo } from "preact/hooks";
import type uPlot from "uplot";
import type { Colours } from "../chart/colours.js";
import { axis, type ChartOptions, Plot } from "../chart/plot.js";
import { curves, robust } from "../state/state.js";

function chartOptions(colours: Colours, total: number): ChartOptions {
  return {
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: [0, Math.max(total, 10)] },
      loss: { range: (_, __, largest) => [0, Math.max(0.1, (largest ?? 0) * 1.1)] },
      y: { range: [0, 100] },
    },
    axes: [
      axis(colours, "step", { size: 30 }),
      axis(colours, "validation accuracy, %", { scale: "y", size: 40 }),
      axis(colours, "loss", { scale: "loss", side: 1, grid: { show: false }, size: 40 }),
    ],
    series: [
      {},
      { scale: "loss", stroke: colours.muted, width: 1.25, points: { show: false } },
      {
        scale: "y",
        stroke: colours.after,
        width: 2.5,
        spanGaps: true,
        points: { show: true, size: 7, fill: colours.surface, width: 2 },
      },
    ],
  };
}

/** Loss of each step and accuracy of each validation. */
export function TrainingChart() {
  const shown = curves.value;
  const data = useMemo(() => {
    const steps = [0, ...(shown?.steps ?? [])];
    const validated = new Map(shown?.validatedAt.map((step, i) => [step, shown.accuracy[i]]));
    const loss = [null, ...(shown?.loss ?? [])];
    return [steps, loss, steps.map((step) => validated.get(step) ?? null)] as uPlot.AlignedData;
  }, [shown]);
  const best = shown?.best;
  const words = shown
    ? `Step ${shown.steps.length} of ${shown.total}. Best validation accuracy ${best?.toFixed(1) ?? "not known yet"} %.`
    : "Loss and validation accuracy. Empty before the first finetuning.";
  return (
    <figure class="chart">
      <figcaption>
        <h3>Training</h3>
        <ul class="legend">
          <li data-kind="after">validation accuracy on chips</li>
          <li data-kind="muted">loss</li>
          {best !== undefined && (
            <li data-kind="note">
              best so far <strong>{best.toFixed(1)} %</strong>
            </li>
          )}
        </ul>
      </figcaption>
      <div class="stage">
        <Plot
          label={words}
          height={340}
          data={data}
          version={`${shown?.total ?? 0}`}
          options={(read) => chartOptions(read, shown?.total ?? 100)}
        />
        {!shown && <p class="invitation">Loss and accuracy will grow here while the network trains.</p>}
      </div>
      {robust.value && shown && (
        <p class="hint">
          The best weights are kept. <a href="#chips">Before and after are on one chart above.</a>
        </p>
      )}
    </figure>
  );
}
