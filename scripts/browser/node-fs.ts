// node:fs for tests in browsers: reads the repository's files from the test server (repository-files.ts). Tests read files where modules
// load, synchronously, so these requests are synchronous too.

function get(file: URL): XMLHttpRequest {
  const request = new XMLHttpRequest();
  request.open("GET", `/@files${file.pathname}`, false);
  // A synchronous request can't have the response type "arraybuffer"; in this encoding each byte is one character, whose low 8 bits it is.
  request.overrideMimeType("text/plain; charset=x-user-defined");
  request.send();
  return request;
}

function read(file: URL): Uint8Array {
  const { status, responseText } = get(file);
  if (status !== 200) throw new Error(`node:fs: expected ${file.href} in the repository, got HTTP status ${status}`);
  return Uint8Array.from(responseText, (character) => character.charCodeAt(0) & 0xff);
}

/** Bytes of a file, or its text with an encoding. */
export function readFileSync(file: URL, encoding?: "utf8"): Uint8Array | string {
  const bytes = read(file);
  return encoding === undefined ? bytes : new TextDecoder().decode(bytes);
}

export function existsSync(file: URL): boolean {
  return get(file).status === 200;
}

/** Names in a folder. */
export function readdirSync(folder: URL): string[] {
  return JSON.parse(new TextDecoder().decode(read(folder)));
}
