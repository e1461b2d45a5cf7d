import { inWords } from "@neft/options";
import { OnnxError } from "./onnx-error.js";

/** Names that are devices on Windows, with any extension. */
const deviceName = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[\d¹²³])\s*(\.|$)/i;

/** What no name of a folder or file in a location may be, on any system, and why. */
const refusedNames: readonly (readonly [reason: string, isSo: (name: string) => boolean])[] = [
  ["an empty name", (name) => name === ""],
  ['".." leads out of the folder', (name) => name === ".."],
  ["a name that ends in a dot or a space", (name) => name !== "." && /[. ]$/.test(name)],
  ["a name that is a device on Windows", (name) => deviceName.test(name)],
];

const refusedTexts: readonly (readonly [reason: string, isSo: (location: string) => boolean])[] = [
  ["no location", (location) => location === ""],
  ["a control character", (location) => /\p{Cc}/u.test(location)],
  ["a backslash", (location) => location.includes("\\")],
  ["a colon", (location) => location.includes(":")],
  ["an absolute path", (location) => location.startsWith("/")],
];

/**
 * The folders' and the file's names in a location of external data, which the ONNX format has as a relative path with `/` inside the
 * model's folder. What a path means differs between systems: one that could lead out of the folder on any of them is refused on all.
 *
 * Links are the file system's matter: whoever opens the file has to look at each of these names.
 * @throws {OnnxError} for any other location, with the reason.
 */
export function namesOfLocation(location: string): string[] {
  const names = location.split("/");
  const reason =
    refusedTexts.find(([, isSo]) => isSo(location))?.[0] ??
    refusedNames.find(([, isSo]) => names.some(isSo))?.[0] ??
    (names.at(-1) === "." ? "a folder" : undefined);
  if (reason === undefined) return names.filter((name) => name !== ".");
  throw new OnnxError(
    `external data: expected a relative path inside the model's folder, got ${inWords(location)} (${reason})`,
  );
}
