/** Milliseconds since some moment. Never goes back. */
export type Clock = () => number;

/** The environment's clock. Its resolution is 5 µs to 1 ms in browsers. */
export const systemClock: Clock = () => performance.now();
