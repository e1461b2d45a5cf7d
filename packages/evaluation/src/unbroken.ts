import type { JobRunner } from "@neft/work";

/**
 * Runs jobs until one is broken. `onResult` gets the results of the others.
 * @throws {Error} with the words of the first broken job, in the order of the jobs.
 */
export async function runUnbroken<Job, Result extends { readonly broken?: string | undefined }>(
  runJobs: JobRunner<Job, Result>,
  jobs: readonly Job[],
  onResult: (index: number, result: Result) => void,
  signal?: AbortSignal | undefined,
): Promise<void> {
  const broken: string[] = [];
  await runJobs(
    takeWhile(jobs, () => broken.length === 0),
    (index, result) => {
      if (result.broken === undefined) onResult(index, result);
      else broken[index] = result.broken;
    },
    signal,
  );
  // Jobs start in order, so all jobs before a broken one have run: the first broken job is known for any number of workers.
  const first = broken.find((words) => words !== undefined);
  if (first !== undefined) throw new Error(first);
}

/** Yields jobs while the condition holds. It is tested before each job. */
function* takeWhile<Job>(jobs: Iterable<Job>, condition: () => boolean): Generator<Job, void> {
  for (const job of jobs) {
    if (!condition()) return;
    yield job;
  }
}
