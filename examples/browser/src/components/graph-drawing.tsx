import { useRef } from "preact/hooks";
import type { Box, Layout } from "../graph/layout.js";

interface GraphDrawingProps {
  readonly layout: Layout;
  readonly scale: number;
  readonly chosen: string | undefined;
  readonly onChoose: (name: string) => void;
  readonly onZoom: (factor: number) => void;
}

const shortened = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Steps through the nodes for each key. */
const steps: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** The graph. Its frame scrolls; dragging with a mouse scrolls too. Arrow keys go from node to node. */
export function GraphDrawing({ layout, scale, chosen, onChoose, onZoom }: GraphDrawingProps) {
  const frame = useRef<HTMLDivElement>(null);
  const { boxes, paths, width, height } = layout;
  const entry = chosen !== undefined && boxes.some(({ node }) => node.name === chosen) ? chosen : boxes[0]?.node.name;
  const drag = (event: PointerEvent) => {
    if (event.pointerType === "mouse" && event.buttons === 1)
      frame.current!.scrollBy(-event.movementX, -event.movementY);
  };
  const wheel = (event: WheelEvent) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    onZoom(event.deltaY < 0 ? 1.1 : 1 / 1.1);
  };
  const key = (event: KeyboardEvent, at: number) => {
    const step = steps[event.key];
    if (event.key === "Enter" || event.key === " ") onChoose(boxes[at]!.node.name);
    else if (step === undefined) return;
    else {
      const next = boxes[Math.min(boxes.length - 1, Math.max(0, at + step))]!;
      onChoose(next.node.name);
      const nodes = frame.current!.querySelectorAll<SVGGElement>("[role=button]");
      nodes[boxes.indexOf(next)]?.focus();
    }
    event.preventDefault();
  };
  return (
    <div class="frame" ref={frame} onPointerMove={drag} onWheel={wheel}>
      {/* biome-ignore lint/a11y/useSemanticElements: SVG has no fieldset. */}
      <svg
        width={width * scale}
        height={height * scale}
        viewBox={`0 0 ${width} ${height}`}
        role="group"
        aria-label="The network's operations; arrow keys go from one to the next"
      >
        <defs>
          <pattern id="crossbar" width="8" height="8" patternUnits="userSpaceOnUse">
            <path d="M4 0v8M0 4h8" />
          </pattern>
        </defs>
        {paths.map((path) => (
          <path key={path} class="edge" d={path} />
        ))}
        {boxes.map((box, i) => (
          <Node
            key={box.node.name}
            box={box}
            isChosen={box.node.name === chosen}
            isEntry={box.node.name === entry}
            onChoose={() => onChoose(box.node.name)}
            onKeyDown={(event) => key(event, i)}
          />
        ))}
      </svg>
    </div>
  );
}

interface NodeProps {
  readonly box: Box;
  readonly isChosen: boolean;
  readonly isEntry: boolean;
  readonly onChoose: () => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

function Node({ box: { node, x, y, width, height }, isChosen, isEntry, onChoose, onKeyDown }: NodeProps) {
  const { name, operator, parameters, onCrossbar } = node;
  const where = onCrossbar ? "on a crossbar" : "digital";
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button.
    <g
      class="node"
      data-crossbar={onCrossbar}
      role="button"
      tabindex={isEntry ? 0 : -1}
      aria-pressed={isChosen}
      aria-label={`${name}, ${operator}, ${where}`}
      transform={`translate(${x - width / 2} ${y - height / 2})`}
      onClick={onChoose}
      onKeyDown={onKeyDown}
    >
      <rect class="body" width={width} height={height} rx={onCrossbar ? 10 : height / 2} />
      {onCrossbar && <rect class="grid" width={width} height={height} rx="10" />}
      <text x={width / 2} y={onCrossbar ? 27 : height / 2 + 4} class="title">
        {shortened(onCrossbar ? name : operator, 15)}
      </text>
      {onCrossbar && (
        <text x={width / 2} y="46" class="about">
          {parameters > 0 ? `${parameters.toLocaleString("en")} parameters` : "shared weights"}
        </text>
      )}
    </g>
  );
}
