import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exportOnnx, GraphBuilder, init } from "neft";

const main = fileURLToPath(new URL("../bin/neft.js", import.meta.url));

/** Exit code and output of a run of the command. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Sends `signal` once, when standard error contains `text`. */
  readonly interrupt?: { readonly text: string; readonly signal: NodeJS.Signals };
  /** Calls `act` once, when standard error contains `text`. */
  readonly meanwhile?: { readonly text: string; readonly act: () => unknown };
}

/** Runs `neft` in a separate process. */
export function runNeft(
  words: readonly string[],
  { cwd, env = {}, interrupt, meanwhile }: RunOptions,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...words], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr, isSent, isDone] = ["", "", false, false];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      if (interrupt && !isSent && stderr.includes(interrupt.text)) {
        isSent = true;
        child.kill(interrupt.signal);
      }
      if (meanwhile && !isDone && stderr.includes(meanwhile.text)) {
        isDone = true;
        meanwhile.act();
      }
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

const side = 6;
const classes = 4;

/** An IDX file of bytes. */
function idx(shape: readonly number[], bytes: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint32(0, 0x0800 + shape.length);
  for (const [axis, length] of shape.entries()) header.setUint32(4 + 4 * axis, length);
  return Uint8Array.from([...new Uint8Array(header.buffer), ...bytes]);
}

export interface IdxOptions {
  readonly name: string;
  readonly images: number;
  readonly labels?: number;
  /** Added to every label. */
  readonly shift?: number;
  readonly side?: number;
}

/** Writes NAME-images and NAME-labels, where the class is the brightest quadrant; returns the spec. */
export async function writeIdx(
  folder: string,
  { name, images, labels = images, shift = 0, side: size = side }: IdxOptions,
): Promise<string> {
  const pixels = new Uint8Array(images * size * size);
  const half = size / 2;
  for (let i = 0; i < pixels.length; i++) {
    const image = Math.floor(i / (size * size));
    const [row, column] = [Math.floor(i / size) % size, i % size];
    const quadrant = 2 * Number(row >= half) + Number(column >= half);
    pixels[i] = (quadrant === image % classes ? 150 : 20) + ((i * 7919) % 97);
  }
  const [imagesFile, labelsFile] = [`${name}-images`, `${name}-labels`];
  await writeFile(join(folder, imagesFile), idx([images, size, size], pixels));
  await writeFile(
    join(folder, labelsFile),
    idx(
      [labels],
      Uint8Array.from({ length: labels }, (_, i) => (i % classes) + shift),
    ),
  );
  return `idx:${imagesFile},${labelsFile}`;
}

/** Writes tiny.onnx (a convolution and a linear layer), two-outputs.onnx and unsupported.onnx (two unknown operators). */
export async function writeModels(folder: string): Promise<void> {
  await init();
  const network = (outputs: (net: GraphBuilder, hidden: string) => Record<string, string>): Uint8Array => {
    const net = new GraphBuilder("tiny", { seed: 3 });
    const feature = net.relu(net.conv2d(net.input("image", [1, side, side]), { name: "c1", outputs: 4, kernel: 3 }), {
      name: "relu1",
    });
    const model = net.build(
      outputs(net, net.relu(net.linear(net.flatten(feature), { name: "f1", outputs: 16 }), { name: "relu2" })),
    );
    const bytes = exportOnnx(model);
    model.dispose();
    return bytes;
  };
  const tiny = network((net, hidden) => ({ logits: net.linear(hidden, { name: "f2", outputs: classes }) }));
  await writeFile(join(folder, "tiny.onnx"), tiny);
  await writeFile(join(folder, "truncated.onnx"), tiny.subarray(0, tiny.length - 100));
  const unknown = Buffer.from(tiny.map((byte) => byte));
  for (let at = unknown.indexOf("Relu"); at >= 0; at = unknown.indexOf("Relu", at)) unknown.write("Rolu", at);
  await writeFile(join(folder, "unsupported.onnx"), unknown);
  const heads = network((net, hidden) => ({
    coarse: net.linear(hidden, { name: "f2", outputs: 2 }),
    fine: net.linear(hidden, { name: "f3", outputs: classes }),
  }));
  await writeFile(join(folder, "two-outputs.onnx"), heads);
}
