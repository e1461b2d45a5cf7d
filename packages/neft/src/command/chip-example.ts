import { type ChipSpec, chipRows, defineChip, effects } from "@neft/crossbar";
import type { Setting, Settings } from "@neft/options";
import { defaultInWords } from "./options.js";

/** The device of the example: its record has drift and read noise. */
const device = "pcm";

const width = 100;

/** Lines of a comment. */
function comment(words: string, indent: string): string[] {
  const lines: string[] = [];
  for (const word of words.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= width - indent.length) lines.push(`${indent}// ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** A value that a setting without a default may have. */
function someValue({ kind }: Setting): unknown {
  const words = kind.words.replace(/^one of /, "").split(", ");
  return [0.1, 1, {}, ...words].find((value) => {
    try {
      kind.check(value, "");
      return true;
    } catch {
      return false;
    }
  });
}

/** A setting with its comment. A value that the chip doesn't have is commented out. */
function settingLines(name: string, row: Setting, value: unknown, indent: string): string[] {
  const { rows } = row.kind as { readonly rows?: Settings };
  const words = defaultInWords(name, row);
  const about = comment(words === undefined ? row.about : `${row.about}; default: ${words}`, indent);
  if (rows !== undefined)
    return [...about, `${indent}"${name}": {`, ...lines(rows, value, `${indent}  `), `${indent}},`];
  const written = `"${name}": ${JSON.stringify(value ?? someValue(row))},`;
  return [...about, `${indent}${value === undefined ? "// " : ""}${written}`];
}

/** All settings of a table, with the values that they have. */
function lines(rows: Settings, values: unknown, indent: string): string[] {
  return Object.entries(rows).flatMap(([name, row]) =>
    settingLines(name, row, (values as Readonly<Record<string, unknown>>)[name], indent),
  );
}

/** The list of effects: those of the chip, and the others commented out. */
function effectLines(chosen: ChipSpec["effects"], indent: string): string[] {
  const inner = `${indent}  `;
  const all = [...effects].flatMap(([id, { about, settings }]) => {
    const isChosen = chosen.some((one) => one.id === id);
    const defaults = Object.fromEntries(Object.entries(settings).map(([name, row]) => [name, row.default]));
    const block = [`${inner}{`, `${inner}  "id": "${id}",`, ...lines(settings, defaults, `${inner}  `), `${inner}},`];
    return [
      ...comment(`${id}: ${about}`, inner),
      ...(isChosen ? block : block.map((line) => `${inner}// ${line.slice(inner.length)}`)),
    ];
  });
  return [`${indent}"effects": [`, ...all, `${indent}],`];
}

/** An example of a chip's file, with every setting: JSON with comments. `readChip` takes it. */
export function chipExample(): string {
  const converters = { dac: {}, adc: {} };
  const chip = defineChip({ device, ...converters });
  const { effects: _, ...rows } = chipRows;
  const values = { format: 1, ...chip, device };
  return [
    "// A chip for neft evaluate and finetune: --chip FILE. Members may be left out, but the device.",
    "{",
    ...lines(rows, values, "  "),
    ...comment(`${chipRows.effects.about}; default: ${chipRows.effects.defaultWords}`, "  "),
    ...effectLines(chip.effects, "  "),
    "}",
    "",
  ].join("\n");
}
