import { deviceChoices } from "../engine.js";
import { activity, chips } from "../state/state.js";
import { Choice, Slider } from "./fields.js";
import { Help } from "./help.js";

/** Settings of the chips. */
export function ChipsForm() {
  const { device, sigmaMax, points, chips: count } = chips.value;
  const isRunning = activity.value !== undefined;
  const set = (part: Partial<typeof chips.value>) => {
    chips.value = { ...chips.value, ...part };
  };
  return (
    <div class="fields">
      <Choice
        label="Memory device"
        value={device}
        choices={deviceChoices.map(({ id }) => ({ id, words: id }))}
        hint={deviceChoices.find(({ id }) => id === device)?.summary}
        disabled={isRunning}
        onChange={(id) => set({ device: id })}
      />
      <Slider
        label={
          <>
            <Help term="sigma" /> up to
          </>
        }
        value={sigmaMax}
        min={0.05}
        max={0.6}
        step={0.05}
        disabled={isRunning}
        onChange={(value) => set({ sigmaMax: value })}
      />
      <div class="pair">
        <Slider
          label="Values of σ"
          value={points}
          min={1}
          max={12}
          step={1}
          disabled={isRunning}
          onChange={(value) => set({ points: value })}
        />
        <Slider
          label="Chips at each"
          value={count}
          min={5}
          max={100}
          step={5}
          disabled={isRunning}
          onChange={(value) => set({ chips: value })}
        />
      </div>
    </div>
  );
}
