import {
  createWorkers,
  decodeNpz,
  equalise,
  evaluate,
  finetune,
  importOnnx,
  init,
  type Model,
  makeDataset,
  summary,
} from "neft";
import { run, tensor } from "neft/tensor";
import { afterAll, beforeAll, expect, it } from "vitest";
import { handMade } from "./hand-made.js";

/** Control characters, a forged line, and an overlong text. */
const evil = `\u001b[2J\r\u009b31m\nneft: forged \u202e\u2066"${"x".repeat(30_000)}`;
const data = (name: string, shape: number[], labels: number[]) =>
  makeDataset("test", { name, values: new Uint8Array(labels.length * shape.reduce((a, b) => a * b)), labels, shape });

let model: Model;
const workers = createWorkers(1);
beforeAll(async () => {
  await init();
  const [graph, input, output] = [`g${evil}`, `i${evil}`, `o${evil}`];
  model = importOnnx(handMade({ graph, input, output, node: `n${evil}`, weight: `w${evil}`, bias: `b${evil}` }));
});
afterAll(async () => {
  model.dispose();
  await workers.close();
});

const good = () => data("good", [1, 6, 6], [0, 1, 2, 3, 0, 1]);

it.each<[string, () => unknown]>([
  ["the model's name", () => run(model, { other: tensor([1], [1]) })],
  ["an input's name", () => run(model, tensor([1], [1]))],
  ["a dataset's name", () => evaluate(model, data(`d${evil}`, [1, 5, 5], [0, 1]), { workers })],
  ["a dataset's name and its labels", () => evaluate(model, data(`d${evil}`, [1, 6, 6], [0, 9]), { workers })],
  ["an output that isn't there", () => evaluate(model, good(), { workers, output: evil })],
  ["a dataset's name in equalise", () => equalise(model, { data: data(`d${evil}`, [1, 5, 5], [0, 1]) })],
  ["an output of equalise", () => equalise(model, { data: good(), output: evil })],
  ["layers that can be frozen", () => finetune(model, good(), { workers, freeze: ["none"] })],
  ["a layer that isn't there", () => finetune(model, good(), { workers, freeze: [evil] })],
  ["values that can be tapped", () => finetune(model, good(), { workers, strategy: { id: "irs", taps: ["none"] } })],
  ["a strategy", () => finetune(model, good(), { workers, strategy: { id: evil } })],
  ["an optimiser", () => finetune(model, good(), { workers, optimiser: { id: evil } })],
  ["a schedule", () => finetune(model, good(), { workers, schedule: { id: evil } })],
  ["an archive's name", () => decodeNpz(new Uint8Array(4), evil)],
  ["an operator", () => importOnnx(handMade({ op: evil }))],
  ["an attribute", () => importOnnx(handMade({ attribute: evil }))],
  ["a location", () => importOnnx(handMade({ location: evil }))],
  ["a batch", () => summary(model, -1)],
])("errors of the API show %s on one line, escaped and shortened", async (_, call) => {
  const error = await (async () => call())().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  const { message } = error as Error;
  expect(message).toMatch(/expected /);
  expect(message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect(message.length).toBeLessThan(25_000);
});
