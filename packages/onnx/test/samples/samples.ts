import { elementwise } from "./elementwise.js";
import { normalizing } from "./normalizing.js";
import { pooling } from "./pooling.js";
import { products } from "./products.js";
import { rearranging } from "./rearranging.js";
import type { Sample } from "./sample.js";
import { selecting } from "./selecting.js";

/** Every operator of the table, in every form a row reads. */
export const samples: readonly Sample[] = [
  ...elementwise,
  ...normalizing,
  ...pooling,
  ...products,
  ...rearranging,
  ...selecting,
];
