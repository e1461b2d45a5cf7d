import { saveNetwork, saveResults } from "../state/downloads.js";
import { after, before, robust } from "../state/state.js";

/** Last step: files to keep. */
export function KeepStep() {
  return (
    <section class="step whole" aria-labelledby="keep-title">
      <div class="row">
        <div>
          <h2 id="keep-title">5. Keep it</h2>
          <p>
            The finetuned network is an ordinary ONNX file: only its weights have changed. The results have every chip's
            accuracy, with all settings.
          </p>
        </div>
        <div class="actions">
          <button type="button" class="main tuned" disabled={!robust.value} onClick={saveNetwork}>
            Download ONNX
          </button>
          <button type="button" class="main" disabled={!before.value && !after.value} onClick={saveResults}>
            Download results
          </button>
        </div>
      </div>
    </section>
  );
}
