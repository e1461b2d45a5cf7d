import { oneLine } from "@neft/options";
import { SingleBar } from "cli-progress";

/** Destination of progress: standard error, or a stand-in in tests. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** A display of progress. */
export interface Progress {
  /** Shows `done` of the total, and a short note such as the loss. */
  update(done: number, note?: string): void;
  /** Prints a permanent line, such as an epoch's result. */
  log(line: string): void;
  /** Ends the display. */
  stop(): void;
}

/** Formats seconds: `8 s`, `3 min 20 s`, `2 h 05 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (n: number): string => String(n).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/**
 * Shows the progress of `what` from 0 to `total` with the remaining time: a bar on a terminal, lines elsewhere. The first line comes
 * after 2 s, the next ones after each tenth of the total (at least 1 s later) or after 30 s.
 * @param now  a monotonic clock in milliseconds.
 */
export function startProgress(
  what: string,
  total: number,
  unit: string,
  stream: ProgressStream = process.stderr,
  now: () => number = () => performance.now(),
): Progress {
  const start = now();
  const left = (done: number): string =>
    done === 0 ? "" : `, ${duration(((now() - start) / 1000 / done) * (total - done))} left`;
  const isTerminal = stream.isTTY === true && process.env.TERM !== "dumb";
  return isTerminal ? bar(what, total, unit, stream, left) : lines(what, total, unit, stream, left, now);
}

type TimeLeft = (done: number) => string;

function bar(what: string, total: number, unit: string, stream: ProgressStream, left: TimeLeft): Progress {
  const one = new SingleBar({
    format: "{what}  {bar}  {value}/{total} {unit}{left}{note}",
    stream: stream as NodeJS.WritableStream,
    barsize: 24,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    clearOnComplete: true,
    hideCursor: true,
    // `log` erases the bar, so it must be redrawn even if unchanged.
    forceRedraw: true,
    gracefulExit: false,
  });
  one.start(total, 0, { what, unit, left: "", note: "" });
  return {
    update: (done, note = "") => one.update(done, { left: left(done), note: note === "" ? "" : `, ${note}` }),
    log: (line) => {
      stream.write(`\r\u001b[2K${oneLine(line)}\n`);
    },
    stop: () => one.stop(),
  };
}

function lines(
  what: string,
  total: number,
  unit: string,
  stream: ProgressStream,
  left: TimeLeft,
  now: () => number,
): Progress {
  let lastTime = now();
  let lastTenth = 0;
  let isFirst = true;
  return {
    update: (done, note = "") => {
      const tenth = Math.floor((10 * done) / Math.max(1, total));
      const waited = now() - lastTime;
      const isDue = isFirst ? waited >= 2000 : (tenth > lastTenth && waited >= 1000) || waited >= 30_000;
      if (done >= total || !isDue) return;
      isFirst = false;
      lastTime = now();
      lastTenth = tenth;
      stream.write(`${what}: ${done}/${total} ${unit}${left(done)}${note === "" ? "" : `, ${note}`}\n`);
    },
    log: (line) => {
      stream.write(`${oneLine(line)}\n`);
    },
    stop: () => {},
  };
}
