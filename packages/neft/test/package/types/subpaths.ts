import { parseResults } from "neft/results";
import * as tensor from "neft/tensor";
import { inspectNames } from "./exactly.js";

inspectNames([...Object.keys(tensor), typeof parseResults]);
