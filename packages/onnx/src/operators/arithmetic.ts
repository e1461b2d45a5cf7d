import { type OperatorVersions, plain } from "./row.js";

export const Add: OperatorVersions = { 7: plain("Add", [2, 2]) };
export const Sub: OperatorVersions = { 7: plain("Sub", [2, 2]) };
export const Mul: OperatorVersions = { 7: plain("Mul", [2, 2]) };
export const Div: OperatorVersions = { 7: plain("Div", [2, 2]) };
