import type { NodeInfo, SummaryRow } from "../engine.js";

const shown = (shape: readonly (number | string)[]): string => `[${shape.join(", ")}]`;

interface NodeDetailsProps {
  readonly node: NodeInfo | undefined;
  readonly row: SummaryRow | undefined;
}

/** What is known of one operation. */
export function NodeDetails({ node, row }: NodeDetailsProps) {
  if (!node) return <p class="hint">Choose an operation to see its shapes and parameters.</p>;
  return (
    <dl class="details" aria-live="polite">
      <div>
        <dt>Name</dt>
        <dd>{node.name}</dd>
      </div>
      <div>
        <dt>Operator</dt>
        <dd>{node.operator}</dd>
      </div>
      <div>
        <dt>Shape</dt>
        <dd>
          {row && `${shown(row.inputShape)} → `}
          {shown(node.shape)}
        </dd>
      </div>
      <div>
        <dt>Parameters</dt>
        <dd>{node.parameters.toLocaleString("en")}</dd>
      </div>
      <div>
        <dt>Computed</dt>
        <dd>{node.onCrossbar ? "on a crossbar: its weights vary" : "digitally: exact"}</dd>
      </div>
    </dl>
  );
}
