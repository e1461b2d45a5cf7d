import { useEffect, useRef } from "preact/hooks";
import { openData } from "../state/files.js";
import { isBusy, opening, testData, trainData } from "../state/state.js";
import { FileButton } from "./file-button.js";
import { ProblemNote } from "./problem.js";

const words = (data: typeof testData.value): string =>
  data ? `${data.count.toLocaleString("en")} × [${data.shape.join(", ")}], ${data.classes} classes` : "none yet";

/** Chooses the samples: for testing and, apart from them, for training. */
export function DataPicker() {
  const details = useRef<HTMLDetailsElement>(null);
  const isMissing = !testData.value && !opening.value;
  useEffect(() => {
    if (isMissing) details.current!.open = true;
  }, [isMissing]);
  return (
    <details class="picker" ref={details}>
      <summary>
        <span>Samples</span>
        <span class="value">{testData.value?.name ?? "none yet"}</span>
      </summary>
      <div class="picker">
        <dl>
          <dt>Test</dt>
          <dd>{words(testData.value)}</dd>
          <dt>Training</dt>
          <dd>{words(trainData.value)}</dd>
        </dl>
        <div class="pair">
          <FileButton
            words="Open test samples"
            multiple
            disabled={isBusy.value}
            onFiles={(files) => void openData(files, "test")}
          />
          <FileButton
            words="Open training samples"
            multiple
            disabled={isBusy.value}
            onFiles={(files) => void openData(files, "train")}
          />
        </div>
        <p class="hint">Two IDX files (images and labels), one NPZ archive, or CIFAR-10 binary files.</p>
        <ProblemNote place="data" />
      </div>
    </details>
  );
}
