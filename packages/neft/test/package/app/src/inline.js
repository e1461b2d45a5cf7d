import { createSession } from "neft/inline";
import { start } from "./page.js";

start(createSession);
