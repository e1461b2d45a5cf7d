export { type Bounds, boundsInWords, checkWithin, isWithin } from "./bounds.js";
export { inWords, oneLine, printable, shortened } from "./in-words.js";
export * as kinds from "./kinds.js";
export { messageWith, OptionError, type OptionErrorParts } from "./option-error.js";
export {
  checkOptions,
  checkPlain,
  has,
  isListOf,
  kind,
  optional,
  type RequiredRule,
  type Rule,
  type Rules,
  required,
} from "./rules.js";
export {
  because,
  flag,
  type Kind,
  type ListBounds,
  listOf,
  oneOf,
  oneOrListOf,
  opaque,
  pairOf,
  real,
  refuse,
  text,
  type WordKind,
  whole,
} from "./setting-kinds.js";
export {
  type Choice,
  type ChoiceKind,
  type Chosen,
  chosenFrom,
  defineSettings,
  type GivenOf,
  type NestedKind,
  nested,
  type ResolvedOf,
  recorded,
  resolve,
  resolveOptions,
  type Setting,
  type Settings,
  settingsOfChoice,
} from "./settings.js";
