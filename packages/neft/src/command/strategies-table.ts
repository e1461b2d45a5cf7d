import type { Settings } from "@neft/options";
import { modifiers, type Passes, type Strategy, strategies, strategySettings } from "@neft/training";
import { allSettings } from "./options.js";
import { row } from "./settings-table.js";

const introduction = `# Strategies and modifiers

A strategy is what a step of \`finetune\` computes. A modifier changes a run of any strategy. \`npm run settings --workspace neft\` generates this file from
the rows that define them; [settings.md](settings.md) has their settings' meaning, and [method.md](method.md) the formulas of negative feedback.

Passes are those of a batch through the network in a step, with the default settings; a backward pass counts once for each forward pass that it
goes through. Results of a finetuning have the passes of the whole run: those of \`recalibrate\`, too, but not those of validations.

Results don't depend on workers. On \`shards\` they depend with batch normalisation, and with \`sam\` and \`adversarial\`, whose shards look for the worst
weights of their own samples. A network that fixes its batch runs a shard in parts, and the same holds for these.`;

/** A list of settings: flags and bounds. */
const settingsWords = (rows: Settings, defaults: Readonly<Record<string, unknown>> = {}): string =>
  allSettings(rows)
    .map(({ name, flags, row: { kind, default: own } }) => {
      const value = defaults[name] ?? own;
      return `\`${flags}\`: ${kind.words}${value === undefined ? "" : ` (${String(value)})`}`;
    })
    .join("<br>");

const passesWords = (passes: Passes | undefined): string =>
  passes === undefined ? "" : `${passes.forward} forward, ${passes.backward} backward`;

function strategyRow({ id, summary, source, defaults, optional, cost }: Strategy): string {
  const names = new Set<string>([...Object.keys(defaults), ...optional]);
  const rows = Object.fromEntries(Object.entries(strategySettings).filter(([name]) => names.has(name)));
  const own = settingsWords(rows, defaults as Readonly<Record<string, unknown>>);
  return row([`\`${id}\``, summary, own, passesWords(cost()), source ?? ""]);
}

/** The text of docs/strategies.md. */
export function strategiesDocument(): string {
  const head = (cells: readonly string[]): string[] => [row(cells), row(cells.map(() => "---"))];
  const all = [
    ...head(["strategy", "what it is", "settings (defaults)", "passes a step", "source"]),
    ...[...strategies.values()].map(strategyRow),
  ];
  const further = [
    ...head(["modifier", "what it does", "settings (defaults)", "further passes", "source"]),
    ...Array.from(modifiers.values(), ({ id, summary, settings, cost, source }) =>
      row([`\`${id}\``, summary, settingsWords(settings), cost, source ?? ""]),
    ),
  ];
  const sections = [introduction, `## Strategies\n\n${all.join("\n")}`, `## Modifiers\n\n${further.join("\n")}`];
  return `${sections.join("\n\n")}\n`;
}
