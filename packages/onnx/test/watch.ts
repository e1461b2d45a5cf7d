import { Worker } from "node:worker_threads";

/** Watches a thread from another one, because a hang blocks the thread itself and the test's own limit of time. */
export interface Watch {
  /** Reports that another case begins. */
  begin(name: string): void;
  end(): Promise<number>;
}

const longestName = 500;

/** What the other thread does: it ends the process when one case runs for a whole period. */
const source = `
const { workerData: { memory, seconds } } = require("node:worker_threads");
const count = new Int32Array(memory, 0, 2);
let last = 0;
setInterval(() => {
  const now = Atomics.load(count, 0);
  if (now === last && now > 0) {
    const name = Buffer.from(new Uint8Array(memory, 8, count[1])).toString();
    require("node:fs").writeSync(2, "expected an end after " + seconds + " s, got none: " + name + "\\n");
    process.kill(process.pid, "SIGKILL");
  }
  last = now;
}, 1000 * seconds);
`;

/** Starts a watch. @param seconds  What one case may take at most. */
export function watch(seconds: number): Watch {
  const memory = new SharedArrayBuffer(8 + longestName);
  const count = new Int32Array(memory, 0, 2);
  const worker = new Worker(source, { eval: true, workerData: { memory, seconds } });
  return {
    begin(name) {
      const bytes = new TextEncoder().encode(name).subarray(0, longestName);
      new Uint8Array(memory, 8).set(bytes);
      count[1] = bytes.length;
      Atomics.add(count, 0, 1);
    },
    end: () => worker.terminate(),
  };
}
