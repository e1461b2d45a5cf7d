// Opens the app's page in browsers, for the tests of the package and for bench/browser.mjs. The page itself reports what it saw: Firefox
// runs without a driver, whose watching of workers at times stops their messages (WebDriver BiDi, Firefox 153).
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright";
import { engines } from "../../../../scripts/browser/suites.mjs";

/**
 * What a page saw: app/src/page.js, and scenario.js or looped.js beside it.
 * @typedef {object} Outcome
 * @property {unknown} results
 * @property {Readonly<Record<string, number>>} progress  number of progress events of each call.
 * @property {Readonly<Record<string, number>>} times  milliseconds.
 * @property {string} build
 * @property {boolean} sharedMemory
 * @property {string} [before]  message of an import before its operators were loaded.
 *
 * @typedef {object} Visit
 * @property {Outcome} [outcome]
 * @property {string} [thrown]  what the scenario threw.
 * @property {boolean} isolated
 * @property {readonly string[]} errors
 * @property {number} mostWorkers  most of neft's workers at a time.
 * @property {number} workersLeft  workers after the session's end.
 * @property {number} longestTask  milliseconds; 0 where the browser doesn't report tasks.
 * @property {number} [mostTargets]  most workers at a time that the browser's driver saw.
 */

/** Milliseconds until a page must have reported. */
const limit = 100_000;

let browser;

/** How a page is opened. Each returns what closes it, with more of what was seen. */
const openers = {
  chromium: async (url) => {
    const { program, launch } = engines.chromium;
    browser ??= chromium.launch({ executablePath: program, ...launch });
    const page = await (await browser).newPage();
    let mostTargets = 0;
    const messages = [];
    page.on("worker", () => {
      mostTargets = Math.max(mostTargets, page.workers().length);
    });
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) messages.push(message.text());
    });
    await page.goto(url);
    return async () => {
      await page.close();
      return { mostTargets, messages };
    };
  },
  firefox: async (url) => {
    const profile = mkdtempSync(join(tmpdir(), "neft-firefox-"));
    const child = spawn(engines.firefox.program, ["--headless", "--no-remote", "--profile", profile, url], {
      stdio: "ignore",
      env: { ...process.env, HOME: profile },
    });
    const ended = new Promise((resolve) => child.on("close", resolve));
    return async () => {
      child.kill();
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
      return { messages: [] };
    };
  },
};

/** @typedef {keyof typeof openers} BrowserName */

/** Names of the browsers. */
export const browserNames = /** @type {BrowserName[]} */ (Object.keys(openers));

/**
 * Opens an app's page in a browser and waits until it has run the scenario.
 *
 * @param {BrowserName} name
 * @param {string} url
 * @param {string} [scenario]  its name in app/src/page.js.
 * @returns {Promise<Visit>}
 * @throws {Error} if the page doesn't report.
 */
export async function visit(name, url, scenario = "scenario") {
  let server;
  const reported = new Promise((resolve) => {
    server = createServer(async (request, response) => {
      let text = "";
      for await (const part of request) text += part;
      response.writeHead(200, { "Cross-Origin-Resource-Policy": "cross-origin" }).end();
      resolve(JSON.parse(text));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const report = `http://127.0.0.1:${server.address().port}/`;
  const close = await openers[name](`${url}?scenario=${scenario}&report=${encodeURIComponent(report)}`);
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(undefined), limit);
  });
  const seen = await Promise.race([reported, late]);
  clearTimeout(timer);
  const { messages, ...more } = await close();
  server.closeAllConnections();
  server.close();
  if (!seen)
    throw new Error(`${name}: expected the page to report within ${limit} ms, got nothing\n${messages.join("\n")}`);
  return { ...seen, errors: [...seen.errors, ...messages], ...more };
}

/** Ends browsers that stay open between visits. */
export async function closeBrowsers() {
  await (await browser)?.close();
  browser = undefined;
}
