import { scenario } from "./scenario.js";

/**
 * Runs the scenario in this page and sends what was seen to the address in the page's query: `{ outcome, thrown, isolated, errors, mostWorkers,
 * workersLeft, longestTask }`.
 */
export function start(createSession) {
  const errors = [];
  addEventListener("error", ({ message }) => errors.push(message));
  addEventListener("unhandledrejection", ({ reason }) => errors.push(String(reason)));
  const report = new URL(location.href).searchParams.get("report");
  visit(createSession).then((seen) => {
    const body = JSON.stringify({ ...seen, isolated: crossOriginIsolated, errors });
    return fetch(report, { method: "POST", mode: "no-cors", body });
  });
}

async function visit(createSession) {
  const longestTask = watchTasks();
  let mostWorkers = 0;
  const watch = setInterval(async () => {
    mostWorkers = Math.max(mostWorkers, await workersAlive());
  }, 10);
  const seen = await scenario({ createSession, read }).then(
    (outcome) => ({ outcome }),
    (error) => ({ thrown: String(error) }),
  );
  clearInterval(watch);
  // The end of a worker frees its lock a moment later.
  for (let i = 0; i < 100 && (await workersAlive()) > 0; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  return { ...seen, mostWorkers, workersLeft: await workersAlive(), longestTask: longestTask() };
}

async function read(name) {
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
