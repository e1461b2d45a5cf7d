// Writes docs/settings.md from the rows of the settings. Build first.
import { writeFileSync } from "node:fs";
import { settingsDocument } from "../dist/command/settings-table.js";

writeFileSync(new URL("../../../docs/settings.md", import.meta.url), settingsDocument());
