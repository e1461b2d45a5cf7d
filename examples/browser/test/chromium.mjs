import { existsSync } from "node:fs";
import { chromium } from "playwright";

/** The system's Chromium; Playwright's own isn't downloaded. NEFT_CHROMIUM names another program. */
const executablePath = process.env.NEFT_CHROMIUM ?? "/usr/bin/chromium";

export const isInstalled = existsSync(executablePath);

/** Starts Chromium. Its sandbox doesn't start as root. */
export const launch = () => chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
