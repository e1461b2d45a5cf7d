import type { Dataset } from "./engine.js";

/** Pictures on canvases: samples shown as images, and drawings turned into samples. */

/** Rows, columns and channels of samples that are images, with the distances between their values; undefined for other samples. */
export function imageShape({ shape, layout }: Pick<Dataset, "shape" | "layout">) {
  if (shape.length !== 3) return undefined;
  const [a, b, c] = shape as [number, number, number];
  const [channels, rows, columns] = layout === "NCHW" ? [a, b, c] : [c, a, b];
  if (channels !== 1 && channels !== 3) return undefined;
  const between =
    layout === "NCHW"
      ? { channel: rows * columns, row: columns, column: 1 }
      : { channel: 1, row: columns * channels, column: channels };
  return { channels, rows, columns, between };
}

/** Draws a sample over the whole canvas. Values are scaled from their own range where they aren't bytes. */
export function showSample(canvas: HTMLCanvasElement, values: Uint8Array | Float32Array, data: Dataset): void {
  const image = imageShape(data);
  const context = canvas.getContext("2d");
  if (!image || !context) return;
  const { channels, rows, columns, between } = image;
  const [low, high] = data.bytes ? [0, 255] : [Math.min(...values), Math.max(...values)];
  const pixels = new ImageData(columns, rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (let channel = 0; channel < 3; channel++) {
        const at = row * between.row + column * between.column + (channels === 3 ? channel : 0) * between.channel;
        pixels.data[4 * (row * columns + column) + channel] = (255 * (values[at]! - low)) / (high - low || 1);
      }
      pixels.data[4 * (row * columns + column) + 3] = 255;
    }
  }
  const small = new OffscreenCanvas(columns, rows);
  small.getContext("2d")!.putImageData(pixels, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
}

/** Share of the picture that a digit's longer side has in MNIST: 20 of 28 pixels. */
const filled = 20 / 28;

/**
 * Turns a drawing, white on black, into a sample as MNIST's makers did: its longer side fills 20 of 28 pixels, and its centre of mass is
 * in the middle. Undefined for an empty drawing.
 */
export function sampleOfDrawing(canvas: HTMLCanvasElement, rows: number, columns: number): Uint8Array | undefined {
  const { width, height } = canvas;
  const ink = canvas.getContext("2d")!.getImageData(0, 0, width, height).data;
  const box = { left: width, top: height, right: -1, bottom: -1 };
  const mass = { all: 0, x: 0, y: 0 };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = ink[4 * (y * width + x)]!;
      if (value < 32) continue;
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x);
      box.top = Math.min(box.top, y);
      box.bottom = Math.max(box.bottom, y);
      mass.all += value;
      mass.x += value * x;
      mass.y += value * y;
    }
  }
  if (mass.all === 0) return undefined;
  const scale = (filled * Math.min(rows, columns)) / Math.max(box.right - box.left + 1, box.bottom - box.top + 1);
  const small = new OffscreenCanvas(columns, rows).getContext("2d")!;
  small.imageSmoothingQuality = "high";
  small.fillRect(0, 0, columns, rows);
  small.translate(columns / 2 - (mass.x / mass.all) * scale, rows / 2 - (mass.y / mass.all) * scale);
  small.scale(scale, scale);
  small.drawImage(canvas, 0, 0);
  const pixels = small.getImageData(0, 0, columns, rows).data;
  return Uint8Array.from({ length: rows * columns }, (_, i) => pixels[4 * i]!);
}
