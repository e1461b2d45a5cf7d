import { signal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { layoutOf } from "../graph/layout.js";
import { network } from "../state/state.js";
import { GraphDrawing } from "./graph-drawing.js";
import { Help } from "./help.js";
import { LayerTimes } from "./layer-times.js";
import { NodeDetails } from "./node-details.js";

/** Name of the node whose details are shown. */
const chosen = signal<string | undefined>(undefined);

const zooms = { min: 0.4, max: 2.5, step: 1.25 };

/** Second step: the network as a graph, with what crossbars compute highlighted. */
export function NetworkStep() {
  const info = network.value?.info;
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(900);
  const [zoom, setZoom] = useState<number | undefined>(undefined);
  useEffect(() => {
    const observer = new ResizeObserver(() => setWidth(frame.current?.clientWidth ?? 900));
    if (frame.current) observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  const direction = width < 640 ? "TB" : "LR";
  const layout = useMemo(() => info && layoutOf(info, direction), [info, direction]);
  const fitting = layout ? Math.min(1.1, Math.max(0.62, width / layout.width)) : 1;
  const scale = zoom ?? fitting;
  const by = (factor: number) => setZoom(Math.min(zooms.max, Math.max(zooms.min, scale * factor)));
  const node = info?.graph.nodes.find(({ name }) => name === chosen.value);
  const onCrossbars = info?.graph.nodes.filter(({ onCrossbar }) => onCrossbar) ?? [];
  const weights = (of: readonly { readonly parameters: number }[]) => of.reduce((sum, one) => sum + one.parameters, 0);
  return (
    <section class="step whole" aria-labelledby="network-title">
      <div class="row">
        <div>
          <h2 id="network-title">2. Look inside</h2>
          <p>
            {onCrossbars.length} of {info?.graph.nodes.length ?? 0} operations stand on <Help term="crossbar" />, with{" "}
            {weights(onCrossbars).toLocaleString("en")} parameters. The others stay digital.
          </p>
        </div>
        <div class="zoom">
          <button type="button" class="quiet" onClick={() => by(1 / zooms.step)} aria-label="Zoom out">
            −
          </button>
          <button type="button" class="quiet" onClick={() => setZoom(undefined)}>
            Fit
          </button>
          <button type="button" class="quiet" onClick={() => by(zooms.step)} aria-label="Zoom in">
            +
          </button>
        </div>
      </div>
      <div class="graph" ref={frame}>
        {layout && (
          <GraphDrawing
            layout={layout}
            scale={scale}
            chosen={chosen.value}
            onChoose={(name) => {
              chosen.value = name;
            }}
            onZoom={by}
          />
        )}
      </div>
      <NodeDetails node={node} row={info?.summary.find(({ name }) => name === chosen.value)} />
      <LayerTimes />
    </section>
  );
}
