export { inWords } from "./inWords.js";
export { checkOptions, has, kind, kinds, type RequiredRule, type Rule, type Rules, required } from "./rules.js";
