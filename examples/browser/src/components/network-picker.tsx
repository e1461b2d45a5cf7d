import { openNetwork, openSample } from "../state/files.js";
import { samples } from "../state/samples.js";
import { isBusy, network } from "../state/state.js";
import { Choice } from "./fields.js";
import { FileButton } from "./file-button.js";
import { ProblemNote } from "./problem.js";

/** Chooses the network: a sample, or the user's own file. */
export function NetworkPicker() {
  const name = network.value?.name ?? samples[0]!.file;
  const own = samples.some(({ file }) => file === name) ? [] : [{ id: name, words: name }];
  const choices = [...own, ...samples.map(({ file, words }) => ({ id: file, words }))];
  return (
    <div class="picker">
      <Choice
        label="Network"
        value={name}
        choices={choices}
        disabled={isBusy.value}
        onChange={(id) => void openSample(samples.findIndex(({ file }) => file === id))}
      />
      <FileButton
        words="Open or drop an ONNX file"
        accept=".onnx"
        disabled={isBusy.value}
        onFiles={([file]) => void openNetwork(file!)}
      />
      <ProblemNote place="network" />
    </div>
  );
}
