import { extname } from "node:path";
import { cellDevices, type Device, devices, isMeasured, measuredAges_s, timeInWords } from "@neft/crossbar";
import { inWords, type ResolvedOf } from "@neft/options";
import { drawDevices } from "./device-picture.js";
import { UsageError } from "./exit-codes.js";
import type { devicesRows } from "./options.js";
import { Outputs } from "./outputs.js";
import { alignedTable, left, right } from "./table.js";
import { print } from "./terminal.js";

/** What σ of a device's record is in, and at which ages. */
function unitOf(device: Device): string {
  const { kind } = device.programming;
  if (kind === "exact") return "–";
  const ages = measuredAges_s(device);
  if (isMeasured(device)) return ages === undefined ? "µS" : `µS at ${ages.map(timeInWords).join(", ")}`;
  return kind === "levels" ? `of gMax, levels ${device.programming.sigma.join(" ")}` : "of gMax";
}

/** Numbers of a list, given once each. */
const numbered = <T>(all: readonly T[]): { readonly list: readonly T[]; numberOf(one: T): number } => {
  const list = [...new Set(all)];
  return { list, numberOf: (one) => list.indexOf(one) + 1 };
};

/** `neft devices`: prints all device types with their parameters, definitions of σ and sources; draws them with --plot. */
export async function listDevices({ plot }: ResolvedOf<typeof devicesRows>): Promise<void> {
  const all = [...cellDevices.values()];
  if (plot !== undefined) {
    if (extname(plot).toLowerCase() !== ".svg")
      throw new UsageError(`--plot: expected a file that ends in .svg, got ${inWords(plot)}`);
    const outputs = new Outputs();
    const svg = await outputs.open(plot, "--plot");
    await outputs.write(new Map([[svg, drawDevices(all)]]));
    return;
  }
  print(deviceList(all));
}

function deviceList(all: readonly Device[]): string {
  const sourceOf = ({ source: { cite, doi } }: Device): string => `${cite}${doi === undefined ? "" : `, doi:${doi}`}`;
  const sources = numbered(all.map(sourceOf));
  const definitions = numbered(all.flatMap(({ sigmaDefinition }) => sigmaDefinition ?? []));
  const letter = (n: number): string => String.fromCharCode(96 + n);
  const rows = all.map((device) => [
    device.id,
    device.technology,
    String(device.bitsPerCell),
    device.gMax_uS === undefined ? "–" : String(device.gMax_uS),
    device.onOffRatio === undefined ? "–" : String(device.onOffRatio),
    unitOf(device),
    device.sigmaDefinition === undefined ? "–" : `(${letter(definitions.numberOf(device.sigmaDefinition))})`,
    devices.has(device.id) ? "--device, --chip" : "--chip",
    device.summary,
    `[${sources.numberOf(sourceOf(device))}]`,
  ]);
  const columns = [
    left("device"),
    left("technology"),
    right("bits/cell"),
    right("gMax µS"),
    right("on/off"),
    left("σ in"),
    left("σ is"),
    left("for"),
    left("summary"),
    left("source"),
  ];
  return [
    alignedTable(columns, rows),
    "--device NAME: whole weights vary by the device's levels. --chip FILE with the device NAME: each cell does, on tiles.",
    definitions.list.map((words, i) => `(${letter(i + 1)}) ${words}`).join("\n"),
    sources.list.map((words, i) => `[${i + 1}] ${words}`).join("\n"),
  ].join("\n\n");
}
