// Writes docs/settings.md and docs/strategies.md from the rows of the settings, strategies and modifiers. Build first.
import { writeFileSync } from "node:fs";
import { settingsDocument } from "../dist/command/settings-table.js";
import { strategiesDocument } from "../dist/command/strategies-table.js";

const docs = new URL("../../../docs/", import.meta.url);
writeFileSync(new URL("settings.md", docs), settingsDocument());
writeFileSync(new URL("strategies.md", docs), strategiesDocument());
