/** Entry point of operators.js, the bundled file of the operators that a browser's workers load when a network needs one. */
export { moreOperators } from "@neft/model/more";
