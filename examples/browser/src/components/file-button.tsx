import { useRef, useState } from "preact/hooks";
import type { NamedBytes } from "../dataset-files.js";
import { namedBytes } from "../state/files.js";

interface FileButtonProps {
  readonly words: string;
  /** Endings of file names, with a dot. */
  readonly accept?: string;
  readonly multiple?: boolean;
  readonly disabled?: boolean;
  readonly onFiles: (files: NamedBytes[]) => void;
}

/** A button that opens files, and a place to drop them. */
export function FileButton({ words, accept, multiple = false, disabled = false, onFiles }: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const take = async (files: FileList | null | undefined) => {
    if (files?.length && !disabled) onFiles(await namedBytes(multiple ? files : [files[0]!]));
  };
  const over = (event: DragEvent) => {
    event.preventDefault();
    setOver(!disabled);
  };
  return (
    <>
      <button
        type="button"
        class="drop"
        data-over={isOver}
        disabled={disabled}
        onClick={() => input.current?.click()}
        onDragOver={over}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          over(event);
          // The page takes files dropped anywhere else.
          event.stopPropagation();
          setOver(false);
          void take(event.dataTransfer?.files);
        }}
      >
        {words}
      </button>
      <input
        ref={input}
        class="unseen"
        type="file"
        tabIndex={-1}
        aria-label={words}
        accept={accept}
        multiple={multiple}
        onChange={async ({ currentTarget }) => {
          await take(currentTarget.files);
          // The same file can be opened again.
          currentTarget.value = "";
        }}
      />
    </>
  );
}
