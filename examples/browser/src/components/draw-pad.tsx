import { useEffect, useRef } from "preact/hooks";
import { imageShape, sampleOfDrawing, showSample } from "../drawing.js";
import type { Dataset } from "../engine.js";
import { picture } from "../state/vote.js";

const side = 280;

/** Shows the picture under vote; a pen, a finger or a mouse draws a new one. */
export function DrawPad({ data, canDraw }: { readonly data: Dataset; readonly canDraw: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const isDrawing = useRef(false);
  /** Whether the canvas holds a drawing, to which strokes are added. */
  const isOwn = useRef(false);
  const { rows, columns } = imageShape(data)!;

  const wipe = () => {
    const context = canvas.current!.getContext("2d", { willReadFrequently: true })!;
    context.fillStyle = "#000";
    context.fillRect(0, 0, side, side);
  };
  useEffect(() => {
    if (!picture.value) wipe();
    // A drawing is on the canvas already.
    else if (picture.value.label !== undefined) {
      isOwn.current = false;
      showSample(canvas.current!, picture.value.values, data);
    }
  }, [picture.value, data]);

  const stroke = (event: PointerEvent, isStart: boolean) => {
    const pad = canvas.current!;
    const context = pad.getContext("2d")!;
    const bounds = pad.getBoundingClientRect();
    const [x, y] = [event.clientX - bounds.left, event.clientY - bounds.top].map((n) => (n * side) / bounds.width) as [
      number,
      number,
    ];
    if (isStart) {
      if (!isOwn.current) wipe();
      isOwn.current = true;
      context.beginPath();
      context.moveTo(x, y);
    }
    Object.assign(context, { strokeStyle: "#fff", lineWidth: side / 12, lineCap: "round", lineJoin: "round" });
    context.lineTo(x, y);
    context.stroke();
  };
  const start = (event: PointerEvent) => {
    if (!canDraw) return;
    canvas.current!.setPointerCapture(event.pointerId);
    isDrawing.current = true;
    stroke(event, true);
  };
  const end = () => {
    if (!isDrawing.current) return;
    isDrawing.current = false;
    const values = sampleOfDrawing(canvas.current!, rows, columns);
    if (values) picture.value = { values, label: undefined };
  };
  return (
    <div class="pad">
      <canvas
        ref={canvas}
        width={side}
        height={side}
        role="img"
        aria-label={canDraw ? "Drawing area. With a keyboard, choose a test image below." : "The chosen test image"}
        data-draws={canDraw}
        onPointerDown={start}
        onPointerMove={(event) => isDrawing.current && stroke(event, false)}
        onPointerUp={end}
        onPointerCancel={end}
      />
      {!picture.value && canDraw && <span class="invitation">draw here</span>}
    </div>
  );
}
