/** A network that comes with the page. */
export interface Sample {
  readonly file: string;
  readonly words: string;
  /** Name of the bundled data; without, the user brings some. */
  readonly data?: string;
}

export const samples: readonly Sample[] = [
  { file: "mnist-lenet5.onnx", words: "LeNet-5, handwritten digits", data: "MNIST digits" },
  { file: "mnist-mlp.onnx", words: "Perceptron, handwritten digits", data: "MNIST digits" },
  { file: "fashion-resnet8-bn.onnx", words: "ResNet-8, clothes (bring Fashion-MNIST)" },
];
