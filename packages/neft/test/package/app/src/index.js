import { createSession } from "neft";
import { start } from "./page.js";

start(createSession);
