/** Takes names; `any` isn't taken for a list of them. */
export function inspectNames<T extends readonly string[]>(names: 0 extends 1 & T ? never : T): void {
  void names;
}
