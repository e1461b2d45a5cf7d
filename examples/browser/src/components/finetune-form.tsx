import { activity, training } from "../state/state.js";
import { strategies } from "../strategies.js";
import { Choice, Slider } from "./fields.js";

/** Settings of the finetuning. */
export function FinetuneForm() {
  const { strategy, sigma, epochs, learningRate, clip } = training.value;
  const isRunning = activity.value !== undefined;
  const set = (part: Partial<typeof training.value>) => {
    training.value = { ...training.value, ...part };
  };
  return (
    <div class="fields">
      <Choice
        label="Strategy"
        value={strategy}
        choices={strategies}
        hint={strategies.find(({ id }) => id === strategy)?.about}
        disabled={isRunning}
        onChange={(id) => set({ strategy: id })}
      />
      <div class="pair">
        <Slider
          label="σ in training"
          value={sigma}
          min={0.05}
          max={0.6}
          step={0.05}
          disabled={isRunning}
          onChange={(value) => set({ sigma: value })}
        />
        <Slider
          label="Epochs"
          value={epochs}
          min={1}
          max={20}
          step={1}
          disabled={isRunning}
          onChange={(value) => set({ epochs: value })}
        />
      </div>
      <Choice
        label="Learning rate"
        value={String(learningRate)}
        choices={["0.0001", "0.0003", "0.001", "0.003"].map((id) => ({ id, words: id }))}
        disabled={isRunning}
        onChange={(id) => set({ learningRate: Number(id) })}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={clip !== undefined}
          disabled={isRunning}
          onChange={({ currentTarget }) => set({ clip: currentTarget.checked ? 2 : undefined })}
        />
        Clip large weights: a smaller range is stored more exactly
      </label>
    </div>
  );
}
