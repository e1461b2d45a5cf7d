/** The readers of dataset files. A page loads them when a session gets a file that needs one. */
export { decodeCifar10 } from "./cifar10.js";
export { decodeIdx } from "./idx-files.js";
export { decodeInputs, decodeNpy, decodeNpz } from "./npz.js";
