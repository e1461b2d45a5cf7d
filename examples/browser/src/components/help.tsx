import { useId, useState } from "preact/hooks";

/** The words of the field that the page uses, one sentence each. */
const terms = {
  chip: {
    word: "chips",
    about:
      "A chip is one copy of the network in hardware; its stored weights differ a little from those of every other chip.",
  },
  sigma: {
    word: "σ (sigma)",
    about:
      "σ is how far a stored weight strays: its standard deviation, relative to the largest weight a device can hold.",
  },
  crossbar: {
    word: "crossbars",
    about: "A crossbar is a grid of memory devices that multiplies by its stored weights right where they are.",
  },
} as const;

/** A word with an explanation behind it. */
export function Help({ term, word = terms[term].word }: { readonly term: keyof typeof terms; readonly word?: string }) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const close = () => setOpen(false);
  return (
    <span class="help">
      <button
        type="button"
        aria-expanded={isOpen}
        aria-describedby={isOpen ? id : undefined}
        onClick={() => setOpen(!isOpen)}
        onBlur={close}
        onKeyDown={({ key }) => key === "Escape" && close()}
      >
        {word}
      </button>
      {isOpen && (
        <span class="note" id={id} role="note">
          {terms[term].about}
        </span>
      )}
    </span>
  );
}
