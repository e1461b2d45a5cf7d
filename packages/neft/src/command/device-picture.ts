import { type Device, gMinOf, isMeasured, measuredAges_s, sigmaAt, timeInWords } from "@neft/crossbar";
import { element, textElement } from "@neft/profile";
import { pathThrough, picture, seriesClass } from "./picture.js";

/** σ that devices without one of their own are drawn at, relative to gMax. */
export const drawnSigma = 0.1;

const margin = 20;
const columns = 4;
const panel = { width: 205, height: 172, left: 34, right: 12, top: 38, bottom: 28 };
const points = 128;

/** A curve of σ, at an age where the device has several. */
interface Curve {
  readonly age: string | undefined;
  readonly points: readonly (readonly [g: number, sigma: number])[];
}

/** σ(g) from gMin to gMax: in µS, or relative to gMax. */
function curvesOf(device: Device): Curve[] {
  const unit = isMeasured(device) ? device.gMax_uS! : 1;
  const gMin = gMinOf(device);
  return (measuredAges_s(device) ?? [undefined]).map((time_s) => {
    const at = sigmaAt(device, { sigma: drawnSigma, time_s });
    const age = time_s === undefined ? undefined : timeInWords(time_s);
    const curve = Array.from({ length: points + 1 }, (_, i): [number, number] => {
      const x = gMin + ((1 - gMin) * i) / points;
      return [x * unit, at(x) * unit];
    });
    return { age, points: curve };
  });
}

/** The smallest of 1, 2 and 5 times a power of ten that is at least `most`. */
function roundAbove(most: number): number {
  let unit = 1;
  while (unit >= most) unit /= 10;
  while (unit * 10 < most) unit *= 10;
  return [1, 2, 5, 10].map((factor) => factor * unit).find((one) => one >= most * (1 - 1e-9))!;
}

function panelOf(device: Device, left: number, top: number): string[] {
  const measured = isMeasured(device);
  const curves = curvesOf(device);
  const gMax = measured ? device.gMax_uS! : 1;
  const most = Math.max(...curves.flatMap((curve) => curve.points.map(([, sigma]) => sigma)));
  const end = most > 0 ? Number(roundAbove(most * 1.02).toPrecision(3)) : drawnSigma;
  const [x0, x1] = [left + panel.left, left + panel.width - panel.right];
  const [y0, y1] = [top + panel.height - panel.bottom, top + panel.top];
  const xOf = (g: number): number => x0 + ((x1 - x0) * g) / gMax;
  const yOf = (sigma: number): number => y0 + ((y1 - y0) * sigma) / end;
  const unit = measured ? "in µS" : "relative to gMax";
  const ticks = [0, 0.5, 1].flatMap((share) => {
    const [g, sigma] = [share * gMax, share * end];
    const word = (value: number): string => String(Number(value.toPrecision(3)));
    return [
      element("path", {
        d: pathThrough([
          [x0, yOf(sigma)],
          [x1, yOf(sigma)],
        ]),
        class: "grid",
      }),
      textElement(x0 - 4, yOf(sigma) + 3.5, word(sigma), { class: "quiet small end" }),
      textElement(xOf(g), y0 + 13, word(g), { class: "quiet small middle" }),
    ];
  });
  return [
    textElement(left + 4, top + 14, device.id, { class: "name" }),
    textElement(left + 4, top + 28, `σ ${unit}`, { class: "quiet small" }),
    ...curves.flatMap(({ age }, i) =>
      age === undefined
        ? []
        : [
            element("path", {
              d: pathThrough([
                [left + 84 + 40 * i, top + 25],
                [left + 94 + 40 * i, top + 25],
              ]),
              class: `line ${seriesClass[i]}`,
            }),
            textElement(left + 97 + 40 * i, top + 28, age, { class: "quiet small" }),
          ],
    ),
    ...ticks,
    textElement(x1, y0 + 25, measured ? "G in µS" : "g/gMax", { class: "quiet small end" }),
    ...curves.map((curve, i) =>
      element("path", {
        d: pathThrough(curve.points.map(([g, sigma]) => [xOf(g), yOf(sigma)])),
        class: `line ${seriesClass[i]}`,
      }),
    ),
  ];
}

/** Draws σ(g) of devices as SVG: a panel for each, in µS for those that were measured so, else relative to gMax at σ 0.1. */
export function drawDevices(devices: readonly Device[]): string {
  const top = 74;
  const rows = Math.ceil(devices.length / columns);
  const panels = devices.flatMap((device, i) =>
    panelOf(device, margin + panel.width * (i % columns), top + panel.height * Math.floor(i / columns)),
  );
  const head = [
    textElement(margin, 32, "Standard deviation of a programmed cell by its target conductance", { class: "title" }),
    textElement(
      margin,
      53,
      `Measured devices in µS; the others at σ ${drawnSigma} of full scale. Each panel has its own axes.`,
      {
        class: "quiet",
      },
    ),
  ];
  return picture(2 * margin + columns * panel.width, top + rows * panel.height + margin, [...head, ...panels]);
}
