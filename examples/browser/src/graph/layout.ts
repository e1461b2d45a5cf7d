import { Graph, layout } from "@dagrejs/dagre";
import type { NetworkInfo, NodeInfo } from "../engine.js";

export interface Box {
  readonly node: NodeInfo;
  /** Centre, in pixels. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly boxes: readonly Box[];
  /** Paths of the connections, in SVG's notation. */
  readonly paths: readonly string[];
  readonly width: number;
  readonly height: number;
}

/** Size of a node's box: layers on crossbars are larger. */
const sizeOf = ({ onCrossbar, operator }: NodeInfo) =>
  onCrossbar ? { width: 128, height: 64 } : { width: Math.max(64, 22 + 7.2 * operator.length), height: 30 };

/** Places a network's nodes, from left to right or from top to bottom. */
export function layoutOf({ graph: { nodes } }: NetworkInfo, direction: "LR" | "TB"): Layout {
  const drawing = new Graph();
  drawing.setGraph({ rankdir: direction, nodesep: 18, ranksep: 26, marginx: 12, marginy: 12 });
  drawing.setDefaultEdgeLabel(() => ({}));
  const makers = new Map<string, string>();
  for (const node of nodes) {
    drawing.setNode(node.name, sizeOf(node));
    for (const output of node.outputs) makers.set(output, node.name);
  }
  for (const node of nodes) {
    for (const input of node.inputs) {
      const maker = makers.get(input);
      if (maker !== undefined) drawing.setEdge(maker, node.name);
    }
  }
  layout(drawing);
  const boxes = nodes.map((node) => {
    const { x, y } = drawing.node(node.name) as { x: number; y: number };
    return { node, x, y, ...sizeOf(node) };
  });
  const paths = drawing.edges().map((edge) => curveThrough((drawing.edge(edge) as { points: Point[] }).points));
  const { width = 0, height = 0 } = drawing.graph() as { width?: number; height?: number };
  return { boxes, paths, width, height };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A smooth path: straight to the middle of the first segment, then a quadratic curve around each inner point. */
function curveThrough(points: readonly Point[]): string {
  const at = ({ x, y }: Point) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  const middle = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  const [first, ...others] = points as [Point, ...Point[]];
  const curves = others.slice(0, -1).map((point, i) => `Q ${at(point)} ${at(middle(point, others[i + 1]!))}`);
  return `M ${at(first)} ${curves.join(" ")} L ${at(others.at(-1) ?? first)}`;
}
