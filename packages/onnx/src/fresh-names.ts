/** Returns a function that makes names unique by appending a number. */
export function freshNames(): (wanted: string) => string {
  const taken = new Set<string>();
  const next = new Map<string, number>();
  return (wanted) => {
    let name = wanted;
    let number = next.get(wanted) ?? 2;
    while (taken.has(name)) name = `${wanted}_${number++}`;
    next.set(wanted, number);
    taken.add(name);
    return name;
  };
}
