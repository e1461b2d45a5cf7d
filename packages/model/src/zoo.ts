import { checkOptions, kinds, type Rules } from "@neft/options";
import { type BuilderOptions, builderRules, GraphBuilder, type Value } from "./builder.js";
import type { Model } from "./model.js";

/** Options of the networks in the zoo. */
export interface NetworkOptions extends BuilderOptions {
  /** Default: 10. */
  readonly classes?: number;
  /** Channels of the images. Default: 1 for `lenet5`, else 3. */
  readonly channels?: number;
  /** Height and width of the images, in pixels. Default: 28 for `lenet5`, else 32. */
  readonly size?: number;
}

const networkRules: Rules<NetworkOptions> = {
  ...builderRules,
  classes: kinds.count,
  channels: kinds.count,
  size: kinds.count,
};

/** Options of networks whose layers are all made narrower or wider together. */
export interface WidthOptions extends NetworkOptions {
  /** Outputs of the first convolution; those of all other layers but the last are in proportion. Default: 64. */
  readonly width?: number;
}

const widthRules: Rules<WidthOptions> = { ...networkRules, width: kinds.count };

/**
 * LeNet-5 with ReLU and max pooling: 5×5 convolutions with 6 (padding 2) and 16 channels, then linear layers of 120,
 * 84 and `classes` outputs. Default: images of 1×28×28.
 *
 * Source: LeCun et al. (1998), in its usual modern form.
 */
export function lenet5(options: NetworkOptions): Model {
  checkOptions("lenet5", options, networkRules);
  const { seed, classes = 10, channels = 1, size = 28 } = options;
  const net = new GraphBuilder("lenet5", { seed });
  let x = net.input("image", [channels, size, size]);
  x = net.relu(net.conv2d(x, { name: "c1", outputs: 6, kernel: 5, padding: 2 }));
  x = net.maxPool2d(x, { name: "pool1", kernel: 2 });
  x = net.relu(net.conv2d(x, { name: "c2", outputs: 16, kernel: 5 }));
  x = net.maxPool2d(x, { name: "pool2", kernel: 2 });
  x = net.flatten(x);
  x = net.relu(net.linear(x, { name: "f1", outputs: 120 }));
  x = net.relu(net.linear(x, { name: "f2", outputs: 84 }));
  return net.build({ logits: net.linear(x, { name: "f3", outputs: classes }) });
}

/**
 * VGG-8: 3×3 convolutions (64, 128, pool, 256, 256, pool, 512, 512, pool), each with batch normalisation
 * and ReLU, then linear layers of 1024 and `classes` outputs, at the default width. Default: images of 3×32×32.
 *
 * Taps: "conv1" to "conv6" are the outputs of the ReLUs, "pool1" to "pool3" those of the pools.
 *
 * Source: Qin et al., NeFT, IEEE TCAD 2025.
 */
export function vgg8(options: WidthOptions): Model {
  checkOptions("vgg8", options, widthRules);
  const { seed, classes = 10, channels = 3, size = 32, width = 64 } = options;
  const net = new GraphBuilder("vgg8", { seed });
  let x = net.input("image", [channels, size, size]);
  [1, 2, 4, 4, 8, 8].forEach((factor, i) => {
    const outputs = factor * width;
    x = net.conv2d(x, { name: `features.${i + 1}`, outputs, kernel: 3, padding: 1, bias: false });
    x = net.relu(net.batchNorm(x, { name: `norm.${i + 1}` }), { name: `conv${i + 1}` });
    if (i % 2 === 1) x = net.maxPool2d(x, { name: `pool${(i + 1) / 2}`, kernel: 2 });
  });
  x = net.relu(net.linear(net.flatten(x), { name: "f1", outputs: 16 * width }));
  return net.build({ logits: net.linear(x, { name: "f2", outputs: classes }) });
}

/**
 * ResNet-18 for small images: a 3×3 stem without pooling, four stages of two basic blocks (64, 128, 256, 512
 * channels at the default width), global average pooling and a linear layer. Default: images of 3×32×32.
 *
 * Taps: "stem"; "layer1.0" to "layer4.1" are the outputs of the blocks.
 *
 * Source: He et al. (2016), the CIFAR variant.
 */
export function resnet18(options: WidthOptions): Model {
  checkOptions("resnet18", options, widthRules);
  const { seed, classes = 10, channels = 3, size = 32, width = 64 } = options;
  const net = new GraphBuilder("resnet18", { seed });
  const normalised = (x: Value, name: string, norm: string, outputs: number, kernel: number, stride: number) => {
    const padding = (kernel - 1) / 2;
    return net.batchNorm(net.conv2d(x, { name, outputs, kernel, stride, padding, bias: false }), { name: norm });
  };
  const block = (x: Value, name: string, outputs: number, stride: number) => {
    const inner = net.relu(normalised(x, `${name}.conv1`, `${name}.bn1`, outputs, 3, stride));
    const sum = normalised(inner, `${name}.conv2`, `${name}.bn2`, outputs, 3, 1);
    const same = stride === 1 && net.shapeOf(x)[1] === outputs;
    const shortcut = same ? x : normalised(x, `${name}.shortcut.conv`, `${name}.shortcut.bn`, outputs, 1, stride);
    return net.relu(net.add(sum, shortcut), { name });
  };
  let x = net.input("image", [channels, size, size]);
  x = net.relu(normalised(x, "stem.conv", "stem.bn", width, 3, 1), { name: "stem" });
  [1, 2, 4, 8].forEach((factor, stage) => {
    const outputs = factor * width;
    x = block(x, `layer${stage + 1}.0`, outputs, stage === 0 ? 1 : 2);
    x = block(x, `layer${stage + 1}.1`, outputs, 1);
  });
  x = net.flatten(net.globalAvgPool(x));
  return net.build({ logits: net.linear(x, { name: "fc", outputs: classes }) });
}
