#!/usr/bin/env node
// Not built: npm links a command when it installs, in a fresh clone before there is a dist.
import "../dist/command.js";
