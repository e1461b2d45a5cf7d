// Runs a scenario in Node: node node.js DATA-FOLDER [NAME]. Prints its result as JSON.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as neft from "neft";
import { looped, loopedByFunctions } from "./src/looped.js";
import { scenario } from "./src/scenario.js";

const read = async (name) => new Uint8Array(await readFile(join(process.argv[2], name)));
const scenarios = { scenario, looped, loopedByFunctions };
const [, , , name = "scenario"] = process.argv;
const { createSession } = neft;
console.log(JSON.stringify(await scenarios[name]({ neft, createSession, read })));
