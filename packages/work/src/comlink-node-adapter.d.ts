/** Types of comlink's adapter for Node, which comlink doesn't ship. */
declare module "comlink/dist/esm/node-adapter.mjs" {
  import type { Endpoint } from "comlink";
  import type { NodePort } from "./worker-handle.js";

  export default function nodeEndpoint(port: NodePort): Endpoint;
}
