/** The settings that a row of a table reads: those given, and the row's own where they are left out. */
export function withDefaults<Defaults extends object>(
  defaults: Defaults,
  given: { readonly [Name in keyof Defaults]?: Defaults[Name] | undefined },
): Defaults {
  const entries = Object.entries(defaults).map(([name, value]) => [name, given[name as keyof Defaults] ?? value]);
  return Object.fromEntries(entries) as Defaults;
}
