import { existsSync, readdirSync, readFileSync } from "node:fs";

/** A network's file and its bytes. */
export interface Network {
  readonly name: string;
  readonly bytes: Uint8Array;
}

function networksIn(folder: URL): Network[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".onnx"))
    .sort()
    .map((name) => ({ name, bytes: new Uint8Array(readFileSync(new URL(name, folder))) }));
}

/** The networks trained for this project. */
export const ownNetworks = networksIn(new URL("../../../examples/models/", import.meta.url));

const thirdParty = new URL("../../../../shared/models/third-party/", import.meta.url);

/** Third-party networks, which may not be published: present only next to a checkout that has them. */
export const otherNetworks = existsSync(thirdParty) ? networksIn(thirdParty) : [];

/** Reason to skip tests of third-party networks; undefined when the files are present. */
export const skipReason = existsSync(thirdParty) ? undefined : "no networks by others beside this checkout";
