/** comlink ships this file without types of its own. */
declare module "comlink/dist/esm/node-adapter.mjs" {
  import type { Endpoint } from "comlink";
  import type { NodePort } from "./worker-handle.js";

  export default function nodeEndpoint(port: NodePort): Endpoint;
}
