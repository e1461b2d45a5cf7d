import { allocate, f32, release, wasm } from "@neft/kernels";
import { normals, stream } from "@neft/tensor";

/** Seed of everything a bench draws. */
export const seed = 1;

/** Arrays in the kernels' memory, all given back by `close`. */
export function createBuffers() {
  const owned = [];
  /** Address of `count` uninitialised floats. */
  const empty = (count) => {
    const address = allocate(4 * count);
    owned.push([address, 4 * count]);
    return address;
  };
  return {
    empty,
    /** Address of `count` floats. */
    holding(values) {
      const address = empty(values.length);
      f32(address, values.length).set(values);
      return address;
    },
    /** Address of standard normals from the stream of that name. */
    normal(name, count) {
      const address = empty(count);
      wasm().fillNormal(stream(seed, { purpose: "bench", name }), address, count);
      return address;
    },
    close() {
      for (const [address, bytes] of owned.splice(0)) release(address, bytes);
    },
  };
}

/** Standard normals from the stream of that name. */
export const normalArray = (name, count) => normals(stream(seed, { purpose: "bench", name }), count);

/** A copy of `count` floats at an address. */
export const read = (address, count) => f32(address, count).slice();
