// The one-file builds, and subpaths.
import { createSession as ofBrowser } from "neft/browser";
import { createSession as ofInline, type SessionNetwork } from "neft/inline";
import { inspectNames } from "./exactly.js";

export async function onAPage(bytes: Uint8Array): Promise<SessionNetwork> {
  const session = await ofInline({ workers: 1 });
  const other = await ofBrowser();
  inspectNames([session.info.build, other.info.build]);
  return session.importOnnx(bytes);
}
