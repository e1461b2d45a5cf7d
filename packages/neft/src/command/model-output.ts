import { dirname, join } from "node:path";
import { isatty } from "node:tty";
import type { Model } from "@neft/model";
import { exportOnnxFiles, type OnnxFiles } from "@neft/onnx";
import { inWords, oneLine } from "@neft/options";
import type { ReportedFile } from "@neft/report";
import { readModel } from "../read-model.js";
import { messageOf } from "../system-errors.js";
import { UsageError, withOutcome } from "./exit-codes.js";
import type { Output, Outputs } from "./outputs.js";
import type { PageOutput } from "./page-output.js";
import { rescue } from "./rescue.js";
import { roundingLines } from "./rounding-lines.js";
import { jsonText } from "./run.js";
import { printMessage } from "./terminal.js";

// What commands share that read a model, change its weights and write it.

/**
 * Registers the path of the written model.
 * @throws {UsageError} for a terminal, and as `Outputs.open`.
 */
export async function openModelOutput(outputs: Outputs, path: string): Promise<Output> {
  const out = await outputs.open(path, "--out");
  if (out.target.kind === "stream" && isatty(out.target.descriptor))
    throw new UsageError(`--out: expected a file or a pipe for the model's bytes, got the terminal ${inWords(path)}`);
  return out;
}

/** A model that was read, and how to write it. */
export interface ModelToWrite {
  readonly model: Model;
  readonly sha256: string;
  /**
   * Writes the model with its present weights. If that fails, they go to a temporary file, which the error names.
   * @param what  the model in words, such as "the finetuned model".
   * @param other  a model made of this one, to write in its place.
   */
  save(what: string, other?: Model): Promise<OnnxFiles>;
}

/**
 * Reads a model whose weights will be written to `out`; its external data is checked and registered on both ends. Without `out`, `save` isn't
 * to be called.
 */
export async function readModelToWrite(file: string, outputs: Outputs, out: Output | undefined): Promise<ModelToWrite> {
  const { model, sha256, externalFiles } = await readModel(file);
  await outputs.addInputs(externalFiles.map((location) => join(dirname(file), location)));
  const external = out === undefined ? undefined : await outputs.openExternal(externalFiles, out);
  const save = async (what: string, other?: Model): Promise<OnnxFiles> => {
    if (out === undefined || external === undefined) throw new Error("save: expected an output, got none");
    const files = exportOnnxFiles(other ?? model);
    const weights = [...external].map(([location, output]) => [output, files.external.get(location)!] as const);
    try {
      await outputs.write(new Map([...weights, [out, files.model]]));
    } catch (cause) {
      const path = rescue(files, out.path);
      throw path === undefined ? cause : withOutcome(new Error(messageOf(cause), { cause }), `${what} is in ${path}`);
    }
    for (const line of roundingLines(files.roundings)) printMessage(line);
    return files;
  };
  return { model, sha256, save };
}

/** Writes the results of a run as JSON, as a page, or both; if that fails after the model was written, the error says where that is. */
export async function writeResults(
  outputs: Outputs,
  { json, page, model }: { readonly json: Output | undefined; readonly page: PageOutput | undefined; model: string },
  contents: ReportedFile,
  written: { readonly what: string; readonly path: string } | undefined,
): Promise<void> {
  try {
    const files = new Map<Output, string>();
    if (json) files.set(json, jsonText(contents));
    if (page) files.set(page.output, await page.contents(model, contents));
    await outputs.write(files);
  } catch (cause) {
    throw written === undefined
      ? cause
      : withOutcome(new Error(messageOf(cause), { cause }), `${written.what} is in ${oneLine(written.path)}`);
  }
}
