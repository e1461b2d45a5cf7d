import { evaluateOptions, finetuneOptions } from "../settings.js";
import { allSettings, defaultInWords } from "./options.js";

/** One line of the table: a cell's bars would end it. */
const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

/** docs/settings.md: every option of the API and the command, made from the rows that define them. */
export function settingsDocument(): string {
  const tables = Object.entries({ evaluate: evaluateOptions, finetune: finetuneOptions }).map(([name, rows]) => {
    const lines = allSettings(rows).map(({ name, flags, row: { kind, about, ...rest }, choices }) => {
      const fallback = defaultInWords(name, { kind, about, ...rest }, choices) ?? "";
      return row([`\`${name}\``, flags === null ? "" : `\`${flags}\``, kind.words, fallback, about]);
    });
    const head = [row(["option", "command", "value", "default", "meaning"]), row(Array(5).fill("---"))];
    return [`## \`${name}\``, "", ...head, ...lines].join("\n");
  });
  return `${["# Settings", "Options of the library's functions, and of the command where it has one of the same meaning. Made by `npm run settings --workspace neft`\nfrom the rows that define them; options within an option are written with a dot: `{ validation: { images: 500 } }`.", ...tables].join("\n\n")}\n`;
}
