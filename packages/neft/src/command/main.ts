import { exitCodes, messageOf } from "../failure.js";
import { removePartials } from "./outputFile.js";
import { runCommand } from "./program.js";

/** `neft … | head` closes our output early: that is no error, and there is nobody left to tell. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(exitCodes.ok);
  });
}
process.on("exit", removePartials);
process.on("uncaughtException", (error) => {
  process.stderr.write(`neft: ${messageOf(error)}\n`);
  process.exit(exitCodes.failure);
});

process.exitCode = await runCommand(process.argv.slice(2));
