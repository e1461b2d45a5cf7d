import { type NamedBytes, readDataset } from "../dataset-files.js";
import { describeNetwork } from "../engine.js";
import { clearProblem, showProblem } from "./problems.js";
import { samples } from "./samples.js";
import { after, announcement, before, curves, network, opening, robust, testData, trainData } from "./state.js";

/** Opening of networks and datasets. A file that can't be used leaves the page as it was, and says why. */

const fetched = async (name: string): Promise<NamedBytes> => {
  const response = await fetch(`./samples/${name}`);
  if (!response.ok) throw new Error(`${name}: expected the file, got HTTP status ${response.status}`);
  return { name, bytes: new Uint8Array(await response.arrayBuffer()) };
};

export async function namedBytes(files: Iterable<File>): Promise<NamedBytes[]> {
  return Promise.all(
    [...files].map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })),
  );
}

/** Does `work` while the page says what it opens. An opening can be part of another one. */
async function open(words: string, work: () => Promise<void>): Promise<void> {
  const outer = opening.value;
  opening.value = words;
  try {
    await work();
  } finally {
    opening.value = outer;
  }
}

function forgetResults(): void {
  before.value = after.value = curves.value = undefined;
  robust.value = undefined;
}

export async function openNetwork(file: NamedBytes): Promise<void> {
  clearProblem("network");
  await open(file.name, async () => {
    try {
      const info = await describeNetwork(file.bytes);
      forgetResults();
      network.value = { ...file, info };
      announcement.value = `Network ${file.name} opened.`;
    } catch (error) {
      showProblem("network", `${file.name} can't be used. The network before it is still open.`, error);
    }
  });
}

export async function openData(files: readonly NamedBytes[], purpose: "train" | "test"): Promise<void> {
  clearProblem("data");
  const names = files.map(({ name }) => name).join(", ");
  await open(names, async () => {
    try {
      const data = await readDataset(files, purpose);
      if (purpose === "test") {
        before.value = after.value = undefined;
        testData.value = data;
      } else {
        trainData.value = data;
      }
      announcement.value = `${data.count} samples opened.`;
    } catch (error) {
      showProblem("data", `${names} can't be read as a dataset. The data before it are still open.`, error);
    }
  });
}

/** Opens a sample by its position: its network, and its data if it comes with some. */
export const openSample = (index: number): Promise<void> =>
  open(samples[index]!.words, async () => {
    const { file, data } = samples[index]!;
    try {
      await openNetwork(await fetched(file));
      if (!data) testData.value = trainData.value = undefined;
      else if (testData.value?.name !== data) await openDigits(data);
    } catch (error) {
      showProblem("network", "The sample can't be loaded. Check the connection, or open your own files.", error);
    }
  });

async function openDigits(name: string): Promise<void> {
  for (const purpose of ["test", "train"] as const) {
    const files = ["images-idx3", "labels-idx1"].map((kind) => `mnist-${purpose}-${kind}-ubyte.gz`);
    const data = await readDataset(await Promise.all(files.map(fetched)), purpose);
    (purpose === "test" ? testData : trainData).value = { ...data, name };
  }
}
