import { namedBytes, openData, openNetwork } from "./files.js";
import { isBusy } from "./state.js";

/** Takes files that are dropped anywhere on the page: an ONNX file is the network, others are test samples. */
export function acceptDrops(): void {
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", async (event) => {
    event.preventDefault();
    const { files } = event.dataTransfer ?? {};
    if (!files?.length || isBusy.value) return;
    const dropped = await namedBytes(files);
    const network = dropped.find(({ name }) => /\.onnx$/i.test(name));
    await (network ? openNetwork(network) : openData(dropped, "test"));
  });
}
