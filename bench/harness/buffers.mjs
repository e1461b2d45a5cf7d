import { allocate, f32, release, wasm } from "@neft/kernels";
import { normals, stream } from "@neft/tensor";

/** Seed of all random numbers of the benches. */
export const seed = 1;

/** Allocates arrays in the kernels' memory; `close` frees all of them. */
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
    /** Address of a copy of `values`. */
    holding(values) {
      const address = empty(values.length);
      f32(address, values.length).set(values);
      return address;
    },
    /** Address of `count` standard normals from the stream `name`. */
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

/** `count` standard normals from the stream `name`. */
export const normalArray = (name, count) => normals(stream(seed, { purpose: "bench", name }), count);

/** A copy of `count` floats at an address. */
export const read = (address, count) => f32(address, count).slice();
