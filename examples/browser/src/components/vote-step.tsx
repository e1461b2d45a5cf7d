import { imageShape } from "../drawing.js";
import { testData } from "../state/state.js";
import { voters, voteSigma } from "../state/vote.js";
import { DrawPad } from "./draw-pad.js";
import { Slider } from "./fields.js";
import { ImagePicker } from "./image-picker.js";
import { ProblemNote } from "./problem.js";
import { Votes } from "./votes.js";

/** Fourth step: one picture, and what each of twenty chips takes it for. */
export function VoteStep() {
  const data = testData.value;
  if (!data || !imageShape(data)) return null;
  const canDraw = data.bytes && imageShape(data)!.channels === 1;
  return (
    <section class="step" aria-labelledby="vote-title">
      <div class="controls">
        <h2 id="vote-title">4. Let {voters} chips vote</h2>
        <p>{canDraw ? "Draw one, or choose a test image." : "Choose a test image."} Every chip reads it its own way.</p>
        <DrawPad data={data} canDraw={canDraw} />
        <ImagePicker data={data} />
        <Slider
          label="σ of these chips"
          value={voteSigma.value}
          min={0}
          max={0.6}
          step={0.05}
          onChange={(value) => {
            voteSigma.value = value;
          }}
        />
        <ProblemNote place="vote" />
      </div>
      <div class="outcome">
        <Votes />
      </div>
    </section>
  );
}
