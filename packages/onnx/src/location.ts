import { inWords } from "@neft/options";
import { OnnxError } from "./onnx-error.js";

/** Names of devices on Windows, with any extension. */
const deviceName = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[\d¹²³])\s*(\.|$)/i;

/** Names of folders and files that are unsafe on some system, with the reason. */
const refusedNames: readonly (readonly [reason: string, isSo: (name: string) => boolean])[] = [
  ["an empty name", (name) => name === ""],
  ['".." leads out of the folder', (name) => name === ".."],
  ["a name that ends in a dot or a space", (name) => name !== "." && /[. ]$/.test(name)],
  ["a name that is a device on Windows", (name) => deviceName.test(name)],
];

/** Locations that are refused as a whole, with the reason. */
const refusedTexts: readonly (readonly [reason: string, isSo: (location: string) => boolean])[] = [
  ["no location", (location) => location === ""],
  ["a control character", (location) => /\p{Cc}/u.test(location)],
  ["a backslash", (location) => location.includes("\\")],
  ["a colon", (location) => location.includes(":")],
  ["an absolute path", (location) => location.startsWith("/")],
];

/**
 * Splits the location of external data into names of folders and the file.
 *
 * ONNX defines a location as a relative path with `/`, inside the model's folder. A path that could leave the folder
 * on any operating system is refused on all. Symbolic links are not checked here: code that opens the file must check
 * each name.
 *
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
