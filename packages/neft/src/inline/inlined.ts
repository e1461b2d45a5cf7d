/** Files in base64, gzipped, by name. The build of inline.js puts them here. */
declare const inlinedFiles: Readonly<Record<string, string>>;

/** The functions of a browser that are used here. */
declare const atob: (base64: string) => string;

const files = inlinedFiles;

/** Whether a file is in inline.js. */
export const isInlined = (name: string): boolean => Object.hasOwn(files, name);

/** Unpacks a file that is in inline.js. */
export function inlined(name: string): Response {
  const packed = Uint8Array.from(atob(files[name]!), (byte) => byte.charCodeAt(0));
  return new Response(new Response(packed).body!.pipeThrough(new DecompressionStream("gzip")));
}
