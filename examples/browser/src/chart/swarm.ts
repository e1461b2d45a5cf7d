import type uPlot from "uplot";

/** Dots of one σ: one for each chip. `lane` is where around σ they stand, in units of the distance between two σ. */
export interface Swarm {
  readonly sigma: number;
  readonly values: readonly number[];
  readonly lane: readonly [from: number, to: number];
  readonly colour: string;
}

/** Fraction of the golden ratio: multiples of it, modulo 1, spread evenly for any count. */
const golden = 0.6180339887498949;

/** Draws swarms beneath the lines. `spacing` is the distance between two σ. */
export function drawSwarms(chart: uPlot, swarms: readonly Swarm[], spacing: number): void {
  const { ctx } = chart;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(chart.bbox.left, chart.bbox.top, chart.bbox.width, chart.bbox.height);
  ctx.clip();
  for (const { sigma, values, lane, colour } of swarms) {
    ctx.fillStyle = colour;
    ctx.globalAlpha = 0.5;
    for (const [i, value] of values.entries()) {
      const place = lane[0] + ((i * golden) % 1) * (lane[1] - lane[0]);
      ctx.beginPath();
      ctx.arc(chart.valToPos(sigma + place * spacing, "x", true), chart.valToPos(value, "y", true), 2.4 * ratio, 0, 7);
      ctx.fill();
    }
  }
  ctx.restore();
}
