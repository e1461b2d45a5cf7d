/**
 * What operators.js takes from the file that loads it: modules with state, of which a worker has one instance. The build of such a file puts
 * its own in place of these; outside of bundles, operators.js isn't used.
 */
export const instances: readonly unknown[] = [];

/** Hash of the operators.js that fits. */
export const fitting: string = "";
