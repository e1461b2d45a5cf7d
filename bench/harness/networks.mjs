// Layers of real networks, read from their models.
import { arrayNodes, lenet5, resnet18, valueShapes, vgg8 } from "@neft/model";
import { seed } from "./buffers.mjs";

/** Networks with the batch sizes of their training. */
const trained = [
  { title: "LeNet-5", make: lenet5, batch: 128 },
  { title: "VGG-8", make: vgg8, batch: 32 },
  { title: "ResNet-18", make: resnet18, batch: 32 },
];

/** Two pairs of depthwise and pointwise layers of a MobileNet on 32×32 images; the three networks have no depthwise convolution. */
const depthwise = [
  { name: "depthwise 3×3, 64", n: 32, c: 64, h: 32, width: 32, oc: 64, kernel: 3, stride: 1, padding: 1, groups: 64 },
  {
    name: "pointwise 1×1, 64→128",
    n: 32,
    c: 64,
    h: 32,
    width: 32,
    oc: 128,
    kernel: 1,
    stride: 1,
    padding: 0,
    groups: 1,
  },
  {
    name: "depthwise 3×3/2, 128",
    n: 32,
    c: 128,
    h: 32,
    width: 32,
    oc: 128,
    kernel: 3,
    stride: 2,
    padding: 1,
    groups: 128,
  },
  {
    name: "pointwise 1×1, 128→256",
    n: 32,
    c: 128,
    h: 16,
    width: 16,
    oc: 256,
    kernel: 1,
    stride: 1,
    padding: 0,
    groups: 1,
  },
].map((layer) => withOutput({ network: "MobileNet", ...layer }));

/** A layer of a small network for Fashion-MNIST: none of the three networks has a narrow 3×3 convolution. */
const narrow = [
  { name: "narrow 3×3, 16→32", n: 128, c: 16, h: 14, width: 14, oc: 32, kernel: 3, stride: 1, padding: 1, groups: 1 },
].map((layer) => withOutput({ network: "Fashion CNN", ...layer }));

/** A convolution with its output size, `oh` and `ow`, added. */
function withOutput(layer) {
  const side = (size) => Math.floor((size + 2 * layer.padding - layer.kernel) / layer.stride) + 1;
  return { ...layer, oh: side(layer.h), ow: side(layer.width) };
}

/** Layers of one network, in order: convolutions with `kernel`, linear ones without. */
export function layersOf({ title, make, batch }) {
  const model = make({ seed });
  const shapes = valueShapes(model, batch);
  const layers = arrayNodes(model).map(({ node, outputs, inputs }) => {
    const shape = shapes.get(node.inputs[0]);
    const name = node.name || node.inputs[1];
    if (node.op !== "Conv") return { network: title, name, n: batch, inputs, outputs };
    const [n, c, h, width] = shape;
    const { kernel_shape, strides = [1, 1], pads = [0, 0, 0, 0] } = node.attributes;
    const square = { kernel: Number(kernel_shape[0]), stride: Number(strides[0]), padding: Number(pads[0]) };
    return withOutput({ network: title, name, n, c, h, width, oc: outputs, ...square, groups: 1 });
  });
  model.dispose();
  return layers;
}

/** The layers of LeNet-5, VGG-8 and ResNet-18, without duplicates. */
export function networkLayers() {
  const seen = new Set();
  return trained.flatMap(layersOf).filter((layer) => {
    const { network, name, ...shape } = layer;
    const key = JSON.stringify(shape);
    return !seen.has(key) && seen.add(key);
  });
}

/** Maximum operations of one measured call, to limit the bench's time; batches have at least `minImages` images in any case. */
const maxFlops = 2e9;
const minImages = 8;

/** All measured convolutions, of the networks, of a MobileNet and a narrow one; the heaviest with a smaller batch. */
export function convolutions() {
  return [...networkLayers().filter((layer) => layer.kernel), ...depthwise, ...narrow].map((layer) => {
    const images = Math.floor((maxFlops / flopsOf(layer)) * layer.n);
    return { ...layer, n: Math.min(layer.n, Math.max(minImages, images)) };
  });
}

/** Layers of VGG-8 at batch 32. */
export const vggLayers = () => layersOf(trained[1]);

/** Geometry of a layer as the kernels take it. */
export const convShape = ({ n, c, h, width, oc, kernel, stride, padding, groups }) => ({
  batch: n,
  channels: c,
  height: h,
  width,
  outputs: oc,
  kernelHeight: kernel,
  kernelWidth: kernel,
  strides: [stride, stride],
  pads: [padding, padding, padding, padding],
  dilations: [1, 1],
  groups,
});

/** Sides [m, k, n] of one group of a convolution as a product: outputs, word lines, output pixels. */
export const productSides = ({ n, c, oc, oh, ow, kernel, groups }) => [
  oc / groups,
  (c / groups) * kernel * kernel,
  n * oh * ow,
];

/** Floating-point operations of a layer's forward pass; each of its backward passes has as many. */
export function flopsOf(layer) {
  if (!layer.kernel) return 2 * layer.n * layer.inputs * layer.outputs;
  const [m, k, n] = productSides(layer);
  return 2 * m * k * n * layer.groups;
}

/** "64×576×1024" */
export const sides = (...numbers) => numbers.join("×");
