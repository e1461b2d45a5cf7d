import { type Measured, readChips, statisticsOf } from "./measured.js";
import { after, before, chips, curves, network, robust, seed, testData, training } from "./state.js";

function save(name: string, bytes: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  // The download has begun when the click returns, but Safari reads the address later.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export function saveNetwork(): void {
  const tuned = robust.value;
  if (tuned) save(tuned.name, tuned.bytes as Uint8Array<ArrayBuffer>, "application/octet-stream");
}

const plain = (measured: Measured | undefined) =>
  measured && {
    complete: measured.isComplete,
    digital: measured.digital ?? null,
    results: measured.sigmas.map((row) => ({
      sigma: row.sigma,
      ...statisticsOf(row),
      chips: readChips(row),
    })),
  };

/** The results as plain data; accuracies in percent. */
export function resultsRecord() {
  return {
    network: network.value?.name,
    data: { name: testData.value?.name, samples: testData.value?.count },
    chips: { ...chips.value, seed },
    before: plain(before.value) ?? null,
    after: plain(after.value) ?? null,
    finetuning: robust.value ? { ...training.value, curves: curves.value } : null,
  };
}

export function saveResults(): void {
  save("results.json", `${JSON.stringify(resultsRecord(), null, 2)}\n`, "application/json");
}
