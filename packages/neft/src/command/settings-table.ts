import { benchmarkOptions } from "../benchmark-settings.js";
import { equaliseOptions, evaluateOptions, finetuneOptions } from "../settings.js";
import { allSettings, defaultInWords } from "./options.js";

/** One row of a Markdown table, with bars in cells escaped. */
export const row = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

/** The text of docs/settings.md: all options of the API and the command, from the rows that define them. */
export function settingsDocument(): string {
  const tables = Object.entries({
    evaluate: evaluateOptions,
    finetune: finetuneOptions,
    equalise: equaliseOptions,
    benchmark: benchmarkOptions,
  }).map(([name, rows]) => {
    const lines = allSettings(rows).map(({ name, flags, row: { kind, about, ...rest }, choices }) => {
      const fallback = defaultInWords(name, { kind, about, ...rest }, choices) ?? "";
      return row([`\`${name}\``, flags === null ? "" : `\`${flags}\``, kind.words, fallback, about]);
    });
    const head = [row(["option", "command", "value", "default", "meaning"]), row(Array(5).fill("---"))];
    return [`## \`${name}\``, "", ...head, ...lines].join("\n");
  });
  return `${["# Settings", "Options of the library's functions and the corresponding options of the command. `npm run settings --workspace neft` generates this file\nfrom the rows that define them. A dot marks an option within an option: `validation.images` is `{ validation: { images: 500 } }`.", ...tables].join("\n\n")}\n`;
}
