import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface SliderProps {
  readonly label: ComponentChildren;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly disabled?: boolean;
  readonly onChange: (value: number) => void;
}

/** A range with its value beside the label. */
export function Slider({ label, value, min, max, step, disabled, onChange }: SliderProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <output for={id}>{value}</output>
      <input
        id={id}
        type="range"
        value={value}
        min={min}
        max={max}
        step={step}
        disabled={disabled}
        style={{ "--filled": `${(100 * (value - min)) / (max - min)}%` }}
        onInput={({ currentTarget }) => onChange(currentTarget.valueAsNumber)}
      />
    </div>
  );
}

interface ChoiceProps {
  readonly label: ComponentChildren;
  readonly value: string;
  readonly choices: readonly { readonly id: string; readonly words: string }[];
  /** What the choice means. */
  readonly hint?: string | undefined;
  readonly disabled?: boolean;
  readonly onChange: (id: string) => void;
}

/** A list to choose from. */
export function Choice({ label, value, choices, hint, disabled, onChange }: ChoiceProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        disabled={disabled}
        aria-describedby={hint && `${id}-hint`}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      >
        {choices.map((choice) => (
          <option key={choice.id} value={choice.id}>
            {choice.words}
          </option>
        ))}
      </select>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface SwitchProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly { readonly id: string; readonly words: string; readonly disabled?: boolean }[];
  readonly onChange: (id: string) => void;
}

/** A few choices side by side: radio buttons. */
export function Switch({ label, value, choices, onChange }: SwitchProps) {
  const name = useId();
  return (
    <fieldset class="switch">
      <legend class="unseen">{label}</legend>
      {choices.map(({ id, words, disabled }) => (
        <label key={id}>
          <input type="radio" name={name} checked={id === value} disabled={disabled} onChange={() => onChange(id)} />
          <span>{words}</span>
        </label>
      ))}
    </fieldset>
  );
}
