import { addAllOperators } from "../all-operators.js";
import { messageOf } from "../system-errors.js";
import { exitCodes } from "./exit-codes.js";
import { runCommand } from "./program.js";
import { printError, watchStreams } from "./terminal.js";

addAllOperators();
watchStreams();
process.on("uncaughtException", (error) => {
  printError("neft", messageOf(error));
  process.exit(exitCodes.failure);
});

process.exitCode = await runCommand(process.argv.slice(2));
