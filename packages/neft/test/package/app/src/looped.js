/**
 * Evaluates networks with operators that pages load on demand, rescales one, and unpacks a dataset, which they load as well, in
 * Node or on a page.
 *
 * @param createSession  That of neft.
 * @param read  Reads a file of the data folder.
 * @returns `results`, equal everywhere.
 */
export async function looped({ createSession, read }) {
  const session = await createSession({ workers: 2 });
  try {
    const [file, other] = [await read("looped.onnx"), await read("volume.onnx")];
    const { files, ...given } = await testFiles(read);
    const packed = { ...given, files: await Promise.all(files.map(gzipped)) };
    // The data and the second file arrive while the engine loads the operators.
    const [network, data, volume] = await Promise.all([
      session.importOnnx(file),
      session.addDataset(packed),
      session.importOnnx(other),
    ]);
    const options = { sigma: [0.3], chips: 12, seed: 7 };
    const evaluations = [await session.evaluate(network, data, options), await session.evaluate(volume, data, options)];
    const { wide, ...rescaled } = await session.equalise(network, { data, sigma: 0.3, seed: 7, area: 1.2 });
    evaluations.push(await session.evaluate(network, data, options));
    return { results: { info: [network.info, volume.info, wide?.info], evaluations, rescaled } };
  } finally {
    await session.close();
  }
}

/** The same by functions, which on a page run in its own thread with workers of `evaluate`. */
export async function loopedByFunctions({ neft, read }) {
  const { decodeIdx, evaluate, importOnnx, init, loadOperators } = neft;
  await init();
  const bytes = await read("looped.onnx");
  const before = messageOf(() => importOnnx(bytes));
  await loadOperators();
  const [images, labels] = (await testFiles(read)).files.map((file) => file.bytes);
  const data = decodeIdx(images, labels, "test");
  const evaluation = await evaluate(importOnnx(bytes), data, { sigma: [0.3], chips: 12, seed: 7, workers: 2 });
  return { results: { evaluation, unknown: messageOf(() => importOnnx(new Uint8Array(9))) }, before };
}

async function gzipped({ name, bytes }) {
  const stream = new Response(bytes).body.pipeThrough(new CompressionStream("gzip"));
  return { name: `${name}.gz`, bytes: new Uint8Array(await new Response(stream).arrayBuffer()) };
}

function messageOf(call) {
  try {
    call();
    return undefined;
  } catch ({ message }) {
    return message;
  }
}

async function testFiles(read) {
  const parts = ["images-idx3-ubyte", "labels-idx1-ubyte"];
  const files = parts.map(async (part) => ({ name: part, bytes: await read(`test-${part}`) }));
  return { kind: "idx", name: "test", files: await Promise.all(files) };
}
