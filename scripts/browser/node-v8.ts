// node:v8 for tests in browsers. Tests turn on relaxed SIMD, which Node 20 has behind a flag; browsers have it, or the test fails.

export function setFlagsFromString(): void {}
