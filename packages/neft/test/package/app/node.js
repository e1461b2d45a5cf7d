// Runs the scenario in Node: node node.js DATA-FOLDER. Prints its result as JSON.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createSession } from "neft";
import { scenario } from "./src/scenario.js";

const read = async (name) => new Uint8Array(await readFile(join(process.argv[2], name)));
console.log(JSON.stringify(await scenario({ createSession, read })));
