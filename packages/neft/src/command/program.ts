import { withChip } from "@neft/crossbar";
import { resolve } from "@neft/options";
import { withTrainedChip } from "@neft/training";
import { Command, CommanderError } from "commander";
import { neftVersion } from "../version.js";
import { withChipRead } from "./chip-file.js";
import { type ExitCode, exitCodeOf, exitCodes, outcomeOf } from "./exit-codes.js";
import {
  addOptions,
  benchRows,
  chipCommandRows,
  commandMessage,
  compareRows,
  devicesRows,
  equaliseRows,
  evaluateRows,
  finetuneRows,
  reportRows,
  settingsFrom,
  sweepMergeRows,
  sweepRunRows,
  sweepScriptRows,
  withUsageErrors,
} from "./options.js";
import { schedulers, scriptOf } from "./schedulers.js";
import { outputFailure, print, printError, printMessage } from "./terminal.js";

const exitCodeHelp = `
Exit codes: 0 done · 1 failure · 2 wrong command line · 130 stopped by Ctrl-C or a signal; the best weights so far, if any, were saved.`;

const examples = (...lines: readonly string[]): string =>
  ["", "Examples:", ...lines.map((line) => `  $ ${line}`), exitCodeHelp].join("\n");

/** Defines the command line. Actions import their modules when called, which keeps `--help` fast. */
function program(): Command {
  const neft = new Command("neft")
    .description(
      "See how a trained ONNX network behaves on compute-in-memory chips whose devices vary, and finetune it under that variation.",
    )
    .version(neftVersion, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help of a command")
    .exitOverride()
    .configureOutput({ writeOut: (text) => print(text.trimEnd()), outputError: () => {} })
    .showSuggestionAfterError(true)
    .configureHelp({ helpWidth: Math.min(120, Math.max(60, process.stdout.columns ?? 100)) });

  neft
    .command("inspect")
    .argument("<model>", "ONNX file")
    .description("print a model's layers, shapes, parameters and crossbar sizes, or its unsupported parts")
    .addHelpText("after", examples("neft inspect mnist-lenet5.onnx"))
    .action(async (model) => (await import("./inspect.js")).inspect(model));

  addOptions(neft.command("evaluate").argument("<model>", "ONNX file"), evaluateRows)
    .description(
      "measure a model on Monte Carlo chips, each with its own draw of device variation: its accuracy, or its deviation from itself without variation",
    )
    .addHelpText(
      "after",
      examples(
        "neft evaluate mnist-lenet5.onnx --data mnist:test --sigma 0.1,0.2,0.3",
        "neft evaluate mnist-lenet5.onnx --data mnist:test --device rram4 --sigma 0:0.4:0.05 --chips 1000 --json sweep.json --report sweep.html",
        "neft evaluate fashion-cnn.onnx --data idx:t10k-images-idx3-ubyte.gz,t10k-labels-idx1-ubyte.gz --limit 2000",
        "neft evaluate vgg.onnx --data cifar10:test_batch.bin --mean 0.491,0.482,0.447 --std 0.247,0.243,0.262",
        "neft evaluate detector.onnx --data inputs:samples.npz --reference clean",
        "neft evaluate mnist-lenet5.onnx --data mnist:test --chip pcm --time 1s,1h,1d,30d",
      ),
    )
    .action(async (model, values) => {
      const { given, chipFiles } = await withChipRead(settingsFrom(evaluateRows, values));
      const options = withUsageErrors(() => resolve(evaluateRows, withChip(given)));
      await (await import("./evaluate.js")).evaluateModel(model, options, chipFiles);
    });

  addOptions(neft.command("finetune").argument("<model>", "ONNX file"), finetuneRows)
    .description("train a model further under device variation with negative feedback, and write it back as ONNX")
    .addHelpText(
      "after",
      examples(
        "neft finetune mnist-lenet5.onnx --data mnist:train --sigma 0.2 -o robust.onnx",
        "neft finetune mnist-lenet5.onnx --data mnist:train --sigma 0.2 --strategy irs --beta 0.01 --epochs 3 -o robust.onnx",
        "neft finetune mnist-lenet5.onnx --data mnist:train --sigma 0.2 --strategy noise-injection --clip 2 -o robust.onnx",
        "neft finetune mnist-lenet5.onnx --data mnist:train --chip chip.json --time 1d -o robust.onnx",
        "neft finetune detector.onnx --data inputs:samples.npz --strategy distillation -o robust.onnx",
        "neft finetune vgg.onnx --data cifar10:train.bin --epochs 50 --checkpoint run.checkpoint --log run.jsonl -o robust.onnx",
      ),
    )
    .action(async (model, values) => {
      const { given, chipFiles } = await withChipRead(settingsFrom(finetuneRows, values));
      const options = withUsageErrors(() => resolve(finetuneRows, withTrainedChip(given)));
      await (await import("./finetune.js")).finetuneModel(model, options, chipFiles);
    });

  addOptions(neft.command("equalise").argument("<model>", "ONNX file"), equaliseRows)
    .description(
      "rescale a model's channels so that device variation changes its outputs less, and write it back as ONNX: the same function, without training or labels",
    )
    .addHelpText(
      "after",
      examples(
        "neft equalise mnist-lenet5.onnx -o robust.onnx",
        "neft equalise mnist-lenet5.onnx --data mnist:train --sigma 0.2 -o robust.onnx --report report.html",
        "neft equalise detector.onnx --data inputs:samples.npz --dry-run",
      ),
    )
    .action(async (model, values) => {
      const options = withUsageErrors(() => resolve(equaliseRows, settingsFrom(equaliseRows, values)));
      await (await import("./equalise.js")).equaliseModel(model, options);
    });

  addOptions(neft.command("compare").argument("<model>", "ONNX file"), compareRows)
    .description("train a model by several strategies, with the same budget, and compare them on the same chips")
    .addHelpText(
      "after",
      examples(
        "neft compare mnist-lenet5.onnx --data mnist:train --limit 10000 --sigma 0.2,0.3 --seeds 3 --json study.json",
        "neft compare mnist-lenet5.onnx --data mnist:train --strategies imported,noise-injection,ovf --clip 2 --store clip",
      ),
    )
    .action(async (model, values) => {
      const { given } = await withChipRead(settingsFrom(compareRows, values));
      const options = withUsageErrors(() => resolve(compareRows, withChip(given)));
      await (await import("./compare.js")).compareStrategies(model, options, given);
    });

  const sweep = neft
    .command("sweep")
    .description("run a plan of many finetunings and evaluations, and compare the results");
  addOptions(sweep.command("run").argument("<plan>", "JSON file"), sweepRunRows)
    .description("run the cells of a plan that have no result in the store, and print the comparison")
    .addHelpText(
      "after",
      examples("neft sweep run plan.json --store results", "neft sweep run plan.json --store results --shard 3/16"),
    )
    .action(async (plan, values) => {
      const options = withUsageErrors(() => resolve(sweepRunRows, settingsFrom(sweepRunRows, values)));
      await (await import("./sweep.js")).runSweep(plan, options);
    });
  addOptions(sweep.command("merge").argument("<plan>", "JSON file"), sweepMergeRows)
    .description("print and write the results of a plan, or list the cells that are missing")
    .addHelpText("after", examples("neft sweep merge plan.json --store results --json all.json"))
    .action(async (plan, values) => {
      const options = withUsageErrors(() => resolve(sweepMergeRows, settingsFrom(sweepMergeRows, values)));
      await (await import("./sweep.js")).mergeSweep(plan, options);
    });

  for (const scheduler of schedulers.values()) {
    addOptions(sweep.command(scheduler.id).argument("<plan>", "JSON file"), sweepScriptRows)
      .description(`print a script that runs a plan: ${scheduler.summary}`)
      .addHelpText(
        "after",
        examples(`neft sweep ${scheduler.id} plan.json --store results --tasks 16 | ${scheduler.usage}`),
      )
      .action((plan, values) => {
        const options = withUsageErrors(() => resolve(sweepScriptRows, settingsFrom(sweepScriptRows, values)));
        print(scriptOf(scheduler, plan, options).trimEnd());
      });
  }

  addOptions(neft.command("report").argument("<results...>", "result files (JSON)"), reportRows)
    .description(
      "write a page with charts and tables of result files: those of --json of evaluate, finetune, equalise, compare and sweep. Files of the same kind are compared",
    )
    .addHelpText(
      "after",
      examples(
        "neft report sweep.json -o sweep.html",
        "neft report imported.json robust.json --names imported,robust -o comparison.html --charts charts",
        "neft report study.json --baseline noise-injection -o study.html",
      ),
    )
    .action(async (files, values) => {
      const options = withUsageErrors(() => resolve(reportRows, settingsFrom(reportRows, values)));
      await (await import("./report.js")).reportResults(files, options);
    });

  addOptions(neft.command("bench").argument("<model>", "ONNX file"), benchRows)
    .description(
      "measure a model's layers, chips and training steps a second on this machine, and predict how long a study takes",
    )
    .addHelpText(
      "after",
      examples(
        "neft bench mnist-lenet5.onnx",
        "neft bench mnist-lenet5.onnx --chips 1000 --sigma 0:0.4:0.05 --epochs 10 --json bench.json --svg bench.svg",
        "neft bench resnet.onnx --shape 3,224,224 --batch 16 --strategies ovf --fast",
      ),
    )
    .action(async (model, values) => {
      const options = withUsageErrors(() => resolve(benchRows, settingsFrom(benchRows, values)));
      await (await import("./bench.js")).benchModel(model, options);
    });

  addOptions(neft.command("chip").argument("[chip]", "preset, or JSON file"), chipCommandRows)
    .description(
      "print a chip's settings, or where a model's layers are on its tiles; list presets, or write an example of a chip's file",
    )
    .addHelpText(
      "after",
      examples(
        "neft chip --list",
        "neft chip --init chip.json",
        "neft chip chip.json --model mnist-lenet5.onnx --plot tiles.svg",
      ),
    )
    .action(async (chip, values) => {
      const options = withUsageErrors(() => resolve(chipCommandRows, settingsFrom(chipCommandRows, values)));
      await (await import("./chip.js")).showChip(chip, options);
    });

  addOptions(neft.command("devices"), devicesRows)
    .description("list the device types with their parameters and sources, and which of them --device and --chip take")
    .addHelpText("after", examples("neft devices", "neft devices --plot devices.svg"))
    .action(async (values) => {
      const options = withUsageErrors(() => resolve(devicesRows, settingsFrom(devicesRows, values)));
      await (await import("./devices.js")).listDevices(options);
    });

  return neft.addHelpText("after", examples("neft evaluate model.onnx --data mnist:test", "neft help finetune"));
}

/** The exit code of a successful command: a failure if writing to standard output failed. */
async function exitCodeAfterPrinting(): Promise<ExitCode> {
  const failure = await outputFailure();
  if (failure === undefined) return exitCodes.ok;
  printError("neft", failure);
  return exitCodes.failure;
}

/**
 * Runs `neft` with the given arguments.
 *
 * Results go to standard output, progress and errors to standard error. Never throws.
 * @returns the exit code; see `exitCodes`.
 */
export async function runCommand(words: readonly string[]): Promise<ExitCode> {
  const neft = program();
  try {
    if (words.length === 0) {
      process.stderr.write(`${neft.helpInformation()}\n`);
      printError("neft", "expected a command, got none");
      return exitCodes.usage;
    }
    await neft.parseAsync(words, { from: "user" });
    return await exitCodeAfterPrinting();
  } catch (error) {
    const name = ["neft", neft.commands.find((command) => command.name() === words[0])?.name() ?? ""].join(" ").trim();
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return await exitCodeAfterPrinting();
      // Commander puts its suggestion on a second line.
      printError(name, error.message.replace(/^error: /, "").replace(/\n(?=\(Did you mean )/, " "));
      process.stderr.write(`Try: ${name} --help\n`);
      return exitCodes.usage;
    }
    printError(name, commandMessage(error), outcomeOf(error));
    if (process.env.NEFT_DEBUG && error instanceof Error)
      for (const line of error.stack?.split("\n") ?? []) printMessage(line);
    return exitCodeOf(error);
  }
}
