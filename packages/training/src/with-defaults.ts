/** Returns the settings named in `defaults`: the given values, or the defaults if they are undefined. */
export function withDefaults<Defaults extends object>(
  defaults: Defaults,
  given: { readonly [Name in keyof Defaults]?: Defaults[Name] | undefined },
): Defaults {
  const entries = Object.entries(defaults).map(([name, value]) => [name, given[name as keyof Defaults] ?? value]);
  return Object.fromEntries(entries) as Defaults;
}
