export { type Bounds, boundsInWords, checkWithin, isWithin } from "./bounds.js";
export { inWords, oneLine, printable, shortened } from "./inWords.js";
export { messageWith, optionError } from "./optionError.js";
export {
  checkOptions,
  has,
  isListOf,
  kind,
  kinds,
  optional,
  type RequiredRule,
  type Rule,
  type Rules,
  required,
} from "./rules.js";
