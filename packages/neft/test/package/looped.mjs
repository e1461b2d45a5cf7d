// Writes ONNX files with nodes that pages can't run from the start, field by field: the exporter writes no graphs of nodes.

/** A field of a protobuf message: a whole number, or bytes with their length. */
const field = (number, value) =>
  typeof value === "number"
    ? Buffer.from([...varint(number << 3), ...varint(value)])
    : Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(value.length)]), value]);

function varint(value) {
  const low = value % 128;
  return value < 128 ? [low] : [low + 128, ...varint(Math.floor(value / 128))];
}

const message = (...fields) => Buffer.concat(fields);
const text = (number, value) => field(number, Buffer.from(value));

const node = (op, inputs, outputs, ...attributes) =>
  message(
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...attributes.map((attribute) => field(5, attribute)),
  );

/** A tensor of ONNX's data type `type`. */
const tensor = (name, type, sizes, data) =>
  message(
    ...sizes.map((size) => field(1, size)),
    field(2, type),
    text(8, name),
    field(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  );

const value = (name, type, sizes) =>
  message(
    text(1, name),
    field(2, field(1, message(field(1, type), field(2, message(...sizes.map((size) => field(1, field(1, size)))))))),
  );

const graph = ({ name, nodes, tensors = [], inputs, outputs }) =>
  message(
    ...nodes.map((one) => field(1, one)),
    text(2, name),
    ...tensors.map((one) => field(5, one)),
    ...inputs.map((one) => field(11, one)),
    ...outputs.map((one) => field(12, one)),
  );

const [float, int64, bool] = [1, 7, 9];
const [batch, pixels, classes] = [20, 784, 10];

const model = (network) => message(field(1, 8), field(7, network), field(8, field(2, 17)));

/** Small numbers around 0. */
const weights = (length) => Float32Array.from({ length }, (_, i) => (((i * 7919) % 1999) - 999) / 20_000);

const image = value("image", float, [batch, 1, 28, 28]);
const logits = value("logits", float, [batch, classes]);

/** A convolution over three axes of images of MNIST, 20 at a time, and a linear layer. Pages know convolutions over two. */
export function volumeNetwork() {
  const nodes = [
    node("Reshape", ["image", "shape"], ["volume"]),
    node("Conv", ["volume", "kernel"], ["features"]),
    node("Flatten", ["features"], ["flat"]),
    node("MatMul", ["flat", "weight"], ["logits"]),
  ];
  const tensors = [
    tensor("shape", int64, [5], BigInt64Array.of(20n, 1n, 1n, 28n, 28n)),
    tensor("kernel", float, [2, 1, 1, 25, 25], weights(1250)),
    tensor("weight", float, [32, classes], weights(32 * classes)),
  ];
  return model(graph({ name: "volume", nodes, tensors, inputs: [image], outputs: [logits] }));
}

/** A linear layer on images of MNIST, 20 at a time, and a loop that doubles its outputs three times. */
export function loopedNetwork() {
  const body = graph({
    name: "body",
    nodes: [node("Identity", ["goes_on"], ["after"]), node("Add", ["x", "x"], ["doubled"])],
    inputs: [value("i", int64, []), value("goes_on", bool, []), value("x", float, [batch, classes])],
    outputs: [value("after", bool, []), value("doubled", float, [batch, classes])],
  });
  const network = graph({
    name: "looped",
    nodes: [
      node("Flatten", ["image"], ["flat"]),
      node("MatMul", ["flat", "weight"], ["scores"]),
      node("Loop", ["count", "", "scores"], ["logits"], message(text(1, "body"), field(6, body), field(20, 5))),
    ],
    tensors: [
      tensor("weight", float, [pixels, classes], weights(classes * pixels)),
      tensor("count", int64, [], BigInt64Array.of(3n)),
    ],
    inputs: [image],
    outputs: [logits],
  });
  return model(network);
}
