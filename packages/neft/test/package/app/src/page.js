import { looped } from "./looped.js";
import { scenario } from "./scenario.js";

/** What a session can do here. */
const scenarios = { scenario, looped };

/** Runs the scenario that the page's query names in this page. */
export function start(createSession) {
  const name = new URL(location.href).searchParams.get("scenario") ?? "scenario";
  report(() => scenarios[name]({ createSession, read }));
}

/**
 * Runs a scenario and sends what was seen to the address in the page's query: `{ outcome, thrown, isolated, errors, mostWorkers,
 * workersLeft, longestTask }`.
 */
export function report(run) {
  const errors = [];
  addEventListener("error", ({ message }) => errors.push(message));
  addEventListener("unhandledrejection", ({ reason }) => errors.push(String(reason)));
  const address = new URL(location.href).searchParams.get("report");
  visit(run).then((seen) => {
    const body = JSON.stringify({ ...seen, isolated: crossOriginIsolated, errors });
    return fetch(address, { method: "POST", mode: "no-cors", body });
  });
}

async function visit(run) {
  const longestTask = watchTasks();
  let mostWorkers = 0;
  const watch = setInterval(async () => {
    mostWorkers = Math.max(mostWorkers, await workersAlive());
  }, 10);
  const seen = await run().then(
    (outcome) => ({ outcome }),
    (error) => ({ thrown: String(error) }),
  );
  clearInterval(watch);
  // The end of a worker frees its lock a moment later.
  for (let i = 0; i < 100 && (await workersAlive()) > 0; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  return { ...seen, mostWorkers, workersLeft: await workersAlive(), longestTask: longestTask() };
}

/** Reads a file of the data folder. */
export async function read(name) {
  const response = await fetch(new URL(`data/${name}`, document.baseURI));
  if (!response.ok) throw new Error(`${response.url}: HTTP status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Number of neft's workers that are alive: each holds a lock. */
async function workersAlive() {
  const { held } = await navigator.locks.query();
  return held.filter(({ name }) => name.startsWith("neft worker ")).length;
}

/** Measures the page's longest task in ms, where the browser reports tasks. */
function watchTasks() {
  let longest = 0;
  if (PerformanceObserver.supportedEntryTypes.includes("longtask")) {
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
    }).observe({ type: "longtask" });
  }
  return () => longest;
}
