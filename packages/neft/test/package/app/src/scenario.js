/**
 * Runs a session from import to export, in Node or on a page: 20 chips × 1,000 images, finetuning on 5,000, export, and 20 chips again.
 *
 * @param createSession  That of neft.
 * @param read  Reads a file of the data folder.
 * @param now  The time in ms.
 * @returns `results`, equal everywhere; `progress`, the number of progress events of each call; `times` in ms.
 */
export async function scenario({ createSession, read, now = () => performance.now() }) {
  const progress = {};
  const times = {};
  /** Times a call and its first progress. */
  const timed = async (name, call) => {
    const start = now();
    progress[name] = 0;
    const onProgress = () => {
      if (progress[name]++ === 0) times[`${name}: first progress`] = now() - start;
    };
    const result = await call(onProgress);
    times[name] = now() - start;
    return result;
  };
  const idx = async (part) => ({
    kind: "idx",
    name: part,
    files: await Promise.all(
      ["images-idx3-ubyte", "labels-idx1-ubyte"].map(async (file) => ({
        name: `${part}-${file}`,
        bytes: await read(`${part}-${file}`),
      })),
    ),
  });
  const [model, testFiles, trainFiles] = await Promise.all([read("model.onnx"), idx("test"), idx("train")]);

  const session = await timed("start", () => createSession({ workers: 2 }));
  try {
    const network = await session.importOnnx(model);
    const test = await session.addDataset(testFiles);
    const train = await session.addDataset(trainFiles);
    const evaluate = (onProgress) => session.evaluate(network, test, { sigma: [0.1], chips: 20, seed: 7, onProgress });
    const before = await timed("evaluate", evaluate);
    const again = await timed("evaluate again", evaluate);
    const finetuning = await timed("finetune", (onProgress) =>
      session.finetune(network, train, { strategy: "ovf", sigma: 0.1, seed: 7, onProgress }),
    );
    const onnx = await session.exportOnnx(network);
    const after = await timed("evaluate finetuned", evaluate);
    return {
      results: { info: network.info, before, again, finetuning, sha256: await sha256(onnx), after },
      progress,
      times,
      build: session.info.build,
      sharedMemory: session.info.sharedMemory,
    };
  } finally {
    await session.close();
  }
}

async function sha256(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
