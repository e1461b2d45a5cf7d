import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { theme } from "../state/theme.js";
import { type Colours, readColours } from "./colours.js";

export type ChartOptions = Omit<uPlot.Options, "width" | "height">;

interface PlotProps {
  /** What the chart shows now, in a sentence. */
  readonly label: string;
  readonly height: number;
  readonly data: uPlot.AlignedData;
  /** Makes the options; called anew when the theme or `version` changes. */
  readonly options: (colours: Colours) => ChartOptions;
  readonly version?: string;
}

/** A uPlot chart that follows its data, the width of its place, and the theme. */
export function Plot({ label, height, data, options, version }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);

  // `options` is a new function in every rendering; `version` stands for it.
  useEffect(() => {
    const div = place.current!;
    const own = new uPlot({ ...options(readColours()), width: div.clientWidth, height }, data, div);
    chart.current = own;
    const observer = new ResizeObserver(() => own.setSize({ width: div.clientWidth, height }));
    observer.observe(div);
    return () => {
      observer.disconnect();
      own.destroy();
    };
  }, [theme.value, height, version]);

  useEffect(() => chart.current?.setData(data), [data]);

  return <div class="plot" ref={place} role="img" aria-label={label} style={{ height }} />;
}

/** An axis in the page's style. */
export const axis = ({ muted, line }: Colours, label: string, more: uPlot.Axis = {}): uPlot.Axis => ({
  label,
  labelSize: 20,
  labelGap: 0,
  labelFont: "12px system-ui, sans-serif",
  font: "12px system-ui, sans-serif",
  stroke: muted,
  grid: { stroke: line, width: 1 },
  ticks: { stroke: line, width: 1, size: 4 },
  ...more,
});
