import { dirname, extname, isAbsolute, join, parse } from "node:path";
import {
  type ChipSpec,
  cellDevices,
  chipPresets,
  type Device,
  defineChip,
  deviceFromCsv,
  deviceFromJson,
  type GivenChip,
} from "@neft/crossbar";
import { has, inWords } from "@neft/options";
import { readBytes } from "../read-dataset.js";
import { messageOf } from "../system-errors.js";
import { UsageError } from "./exit-codes.js";
import { parseJsonc } from "./jsonc.js";

/** A chip, and the files that it was read from. */
export interface ChipFromFile {
  readonly chip: ChipSpec;
  readonly files: readonly string[];
}

/** Longest text of a chip or device. Measured points of all cells of an array don't belong into one. */
const mostCharacters = 2 ** 24;

/** Calls `body` with the text of a file; its errors name the file. */
async function withText<T>(file: string, who: string, body: (text: string) => T | Promise<T>): Promise<T> {
  const bytes = await readBytes(file);
  try {
    if (bytes.length > mostCharacters)
      throw new RangeError(`expected at most ${mostCharacters / 2 ** 20} MB, got ${bytes.length} bytes`);
    return await body(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const message = messageOf(error).replace(/^The encoded data was not valid.*/, "expected UTF-8, got other bytes");
    throw new UsageError(`${who} ${inWords(file)}: ${message}`, { cause: error });
  }
}

/** The device of a file of its own: a record in JSON, or measured points in CSV. */
function deviceOfFile(file: string): Promise<Device> {
  const id = parse(file)
    .name.toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-$/g, "");
  return withText(file, "device", (text) =>
    extname(file).toLowerCase() === ".csv"
      ? deviceFromCsv(text, { id: id === "" ? "measured" : id })
      : deviceFromJson(parseJsonc(text) as object),
  );
}

/**
 * The chip of `--chip`: a preset by name, or a JSON file with comments. A file's device may be the path of a device's own file, relative to
 * the chip's.
 * @throws {UsageError} naming the file and the member.
 */
export async function readChip(word: string, who = "--chip"): Promise<ChipFromFile> {
  const preset = chipPresets.get(word);
  if (preset !== undefined) return { chip: preset, files: [] };
  const known = [...chipPresets.keys()].join(", ");
  try {
    return await withText(word, who, async (text) => {
      const given = parseJsonc(text);
      if (!has(given, "device") || typeof given.device !== "string" || cellDevices.has(given.device)) {
        return { chip: defineChip(given as GivenChip), files: [word] };
      }
      const { device } = given;
      if (!/[./\\]/.test(device)) {
        throw new RangeError(
          `device: expected one of ${[...cellDevices.keys()].join(", ")}, a record, or the path of a JSON or CSV file, got ${inWords(device)}`,
        );
      }
      const file = isAbsolute(device) ? device : join(dirname(word), device);
      return { chip: defineChip({ ...given, device: await deviceOfFile(file) }), files: [word, file] };
    });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${who}: expected a preset (${known}) or a JSON file, got ${inWords(word)}: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Settings of a command line with their chip read, and the files that it was read from. */
export async function withChipRead<Given extends { readonly chip?: unknown }>(
  given: Given,
): Promise<{ readonly given: Given; readonly chipFiles: readonly string[] }> {
  if (typeof given.chip !== "string") return { given, chipFiles: [] };
  const { chip, files } = await readChip(given.chip);
  return { given: { ...given, chip }, chipFiles: files };
}
