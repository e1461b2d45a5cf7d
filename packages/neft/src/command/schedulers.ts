import { resolve } from "node:path";
import { inWords } from "@neft/options";
import { UsageError } from "./exit-codes.js";

/** A sweep to be run as tasks of a batch scheduler. */
export interface ScheduledSweep {
  /** Absolute paths, which all machines share. */
  readonly plan: string;
  readonly store: string;
  /** Absolute path of the merged results. */
  readonly json: string;
  /** Number of tasks: parts of the sweep. */
  readonly tasks: number;
  /** Processors of a task: threads. */
  readonly cpus: number;
  /** What runs neft there, such as "npx neft". */
  readonly program: string;
  /** Working directory, to which the plan's paths are relative. */
  readonly folder: string;
  /** Further options of the scheduler, one each. */
  readonly options: readonly string[];
  readonly fast: boolean;
  /** Kubernetes: the container's image and the claim of the volume that has the folder. */
  readonly image: string;
  readonly claim: string;
}

/** A batch scheduler: a row of `schedulers`. */
export interface Scheduler {
  readonly id: string;
  /** Description in one line, for the help. */
  readonly summary: string;
  /** What runs the text that `script` makes. */
  readonly usage: string;
  script(sweep: ScheduledSweep): string;
}

/** A word of a shell's command line. */
export const quoted = (word: string): string =>
  /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

const flags = ({ fast }: ScheduledSweep): string => (fast ? " --fast" : "");

/** The command of one task. `index` and `cpus` are what the shell puts in their place. */
const runPart = (sweep: ScheduledSweep, index: string, cpus: string): string =>
  `${sweep.program} sweep run ${quoted(sweep.plan)} --store ${quoted(sweep.store)} --shard "${index}/${sweep.tasks}" --workers "${cpus}"${flags(sweep)}`;

const runMerge = (sweep: ScheduledSweep): string =>
  `${sweep.program} sweep merge ${quoted(sweep.plan)} --store ${quoted(sweep.store)} --json ${quoted(sweep.json)}${flags(sweep)}`;

const name = "neft-sweep";

/** Tasks that end early, at a time limit or with their machine, lose the cell that they were at; a second submission computes what is missing. */
const again = "# Run it again to compute what is missing: finished cells are kept.";

const slurm: Scheduler = {
  id: "slurm",
  summary: "an array of tasks, then a task that merges",
  usage: "bash",
  script: (sweep) => {
    const { tasks, cpus, folder, options } = sweep;
    const directives = [`--job-name=${name}`, `--chdir=${quoted(folder)}`, ...options].map((one) => `#SBATCH ${one}`);
    return `#!/usr/bin/env bash
${again}
set -euo pipefail
array=$(sbatch --parsable <<'EOF'
#!/usr/bin/env bash
${[`#SBATCH --array=0-${tasks - 1}`, `#SBATCH --cpus-per-task=${cpus}`, ...directives].join("\n")}
exec ${runPart(sweep, "$SLURM_ARRAY_TASK_ID", String(cpus))}
EOF
)
sbatch --dependency="afterany:\${array%%;*}" <<'EOF'
#!/usr/bin/env bash
${directives.join("\n")}
exec ${runMerge(sweep)}
EOF
`;
  },
};

const lsf: Scheduler = {
  id: "lsf",
  summary: "an array of tasks, then a task that merges",
  usage: "bash",
  script: (sweep) => {
    const { tasks, cpus, folder, options } = sweep;
    const directives = [`-cwd ${quoted(folder)}`, ...options].map((one) => `#BSUB ${one}`);
    return `#!/usr/bin/env bash
${again}
set -euo pipefail
# The merge waits for the array of this submission alone.
name="${name}-$$"
bsub -J "$name[1-${tasks}]" <<'EOF'
#!/usr/bin/env bash
${[`#BSUB -n ${cpus}`, "#BSUB -R span[hosts=1]", ...directives].join("\n")}
exec ${runPart(sweep, "$((LSB_JOBINDEX - 1))", String(cpus))}
EOF
bsub -J "$name-merge" -w "ended($name)" <<'EOF'
#!/usr/bin/env bash
${directives.join("\n")}
exec ${runMerge(sweep)}
EOF
`;
  },
};

/** Text of a YAML scalar. JSON's strings are YAML's. */
const scalar = (text: string): string => JSON.stringify(text);

const k8s: Scheduler = {
  id: "k8s",
  summary: "an indexed Job of Kubernetes; merge when it has completed",
  usage: "kubectl apply -f -",
  script: (sweep) => {
    const { tasks, cpus, folder, image, claim } = sweep;
    return `# Then: ${runMerge(sweep)}
# Delete the Job and apply it again to compute what is missing: finished cells are kept.
apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}
spec:
  completionMode: Indexed
  completions: ${tasks}
  parallelism: ${tasks}
  backoffLimitPerIndex: 3
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: neft
          image: ${scalar(image)}
          workingDir: ${scalar(folder)}
          command:
            - sh
            - -c
            - ${scalar(`exec ${runPart(sweep, "$JOB_COMPLETION_INDEX", String(cpus))}`)}
          resources:
            requests:
              cpu: ${cpus}
          volumeMounts:
            - name: study
              mountPath: ${scalar(folder)}
      volumes:
        - name: study
          persistentVolumeClaim:
            claimName: ${scalar(claim)}
`;
  },
};

/** All schedulers by id. */
export const schedulers: ReadonlyMap<string, Scheduler> = new Map([slurm, lsf, k8s].map((row) => [row.id, row]));

/** Options of the command that prints a script. */
export interface ScriptOptions {
  readonly store: string;
  readonly tasks: number;
  readonly cpus: number;
  readonly program: string;
  readonly options: readonly string[];
  readonly json: string;
  readonly fast: boolean;
  readonly image: string;
  readonly claim: string;
}

/**
 * The script of a scheduler. Relative paths become absolute: tasks may start elsewhere.
 * @throws {UsageError} for a text of several lines, which would be lines of the script.
 */
export function scriptOf({ script }: Scheduler, plan: string, { store, json, ...rest }: ScriptOptions): string {
  const texts = {
    plan,
    "--store": store,
    "--json": json,
    "--program": rest.program,
    "--image": rest.image,
    "--claim": rest.claim,
  };
  for (const [who, text] of [...Object.entries(texts), ...rest.options.map((one) => ["--options", one] as const)]) {
    if (/\p{Cc}/u.test(text)) throw new UsageError(`${who}: expected a text on one line, got ${inWords(text)}`);
  }
  return script({ ...rest, plan: resolve(plan), store: resolve(store), json: resolve(json), folder: resolve(".") });
}
