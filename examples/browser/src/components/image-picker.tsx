import { useEffect, useRef, useState } from "preact/hooks";
import { showSample } from "../drawing.js";
import type { Dataset } from "../engine.js";
import { picture, testImage } from "../state/vote.js";

const shownAtOnce = 6;

/** A row of test images to choose from. */
export function ImagePicker({ data }: { readonly data: Dataset }) {
  const [from, setFrom] = useState(0);
  const shown = Array.from({ length: Math.min(shownAtOnce, data.count) }, (_, i) => (from + i) % data.count);
  const choose = (index: number) => {
    picture.value = testImage(data, index);
  };
  // A first picture for each dataset.
  useEffect(() => choose(0), [data]);
  return (
    <fieldset class="images">
      <legend class="unseen">Test images</legend>
      {shown.map((index) => (
        <Thumbnail key={index} data={data} index={index} onChoose={() => choose(index)} />
      ))}
      <button type="button" class="quiet" onClick={() => setFrom((from + shownAtOnce) % data.count)}>
        More
      </button>
    </fieldset>
  );
}

interface ThumbnailProps {
  readonly data: Dataset;
  readonly index: number;
  readonly onChoose: () => void;
}

function Thumbnail({ data, index, onChoose }: ThumbnailProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => showSample(canvas.current!, testImage(data, index).values, data), [data, index]);
  return (
    <button
      type="button"
      class="thumbnail"
      onClick={onChoose}
      aria-label={`Test image ${index + 1}, class ${data.labels[index]}`}
    >
      <canvas ref={canvas} width="84" height="84" />
    </button>
  );
}
