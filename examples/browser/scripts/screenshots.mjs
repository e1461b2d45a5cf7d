// Takes pictures of the built page's states into docs/browser: npm run screenshots --workspace @neft/browser-example
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { preview } from "vite";
import { launch } from "../test/chromium.mjs";

const here = join(import.meta.dirname, "..");
const folder = process.argv[2] ?? join(here, "../../docs/browser");

mkdirSync(folder, { recursive: true });
const server = await preview({ root: here, preview: { port: 0 }, logLevel: "error" });
const address = server.resolvedUrls.local[0];
const browser = await launch();

async function open(options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(`page: ${error.message}`));
  await page.goto(address);
  await button(page, "Run").and(page.locator(":enabled")).waitFor();
  return page;
}

const button = (page, name) => page.getByRole("button", { name, exact: true });

/** Saves what the page shows as a PNG of 256 colours at most. */
async function shoot(page, name, options = {}) {
  if (!name) return;
  // A frame after the last change of a chart.
  await page.waitForTimeout(300);
  const bytes = await page.screenshot(options);
  const { size } = await sharp(bytes)
    .png({ palette: true, colours: 128, effort: 10 })
    .toFile(join(folder, `${name}.png`));
  console.log(`${name}.png: ${(size / 1000).toFixed(0)} kB`);
}

/** Runs, finetunes and runs again; takes those pictures on the way that have a name. */
async function tour(page, [start, running, finetuning, after, votes, graph]) {
  await shoot(page, start);
  await button(page, "Run").click();
  await page.getByText(/Reading chips: 1[2-5]\d of/).waitFor();
  await shoot(page, running);
  await button(page, "Run again").and(page.locator(":enabled")).waitFor();
  await page.locator("#finetune").scrollIntoViewIfNeeded();
  await button(page, "Finetune").click();
  await page.getByText(/Training: (6|7|8|9)\d of/).waitFor();
  await shoot(page, finetuning, { clip: await box(page, "#finetune"), fullPage: true });
  await button(page, "Finetune anew").and(page.locator(":enabled")).waitFor();
  await page.evaluate(() => scrollTo(0, 0));
  await page.locator(".plot").first().scrollIntoViewIfNeeded();
  await shoot(page, after);
  await page.getByRole("button", { name: /^Test image 5/ }).click();
  await page.waitForTimeout(500);
  await shoot(page, votes, { clip: await box(page, "section:has(.votes)"), fullPage: true });
  await shoot(page, graph, { clip: await box(page, "section:has(.graph)"), fullPage: true });
}

const box = async (page, selector) => {
  const { x, y, width, height } = await page.locator(selector).boundingBox();
  const scrolled = await page.evaluate(() => scrollY);
  return { x, y: y + scrolled, width, height };
};

await tour(await open({}), ["start", "running", "finetuning", "after", "votes", "graph"]);
await tour(await open({ colorScheme: "dark" }), [null, null, null, "dark"]);
await tour(await open({ viewport: { width: 360, height: 740 } }), [
  "phone-start",
  null,
  null,
  "phone-after",
  "phone-votes",
]);
await browser.close();
await server.close();
