/**
 * Reads the body of a response.
 * @throws {Error} when its status isn't a success.
 */
export async function fetched(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  if (!response.ok)
    throw new Error(`init: expected the kernels at ${response.url}, got HTTP status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
