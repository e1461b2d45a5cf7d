import { inWords } from "./in-words.js";
import { OptionError } from "./option-error.js";
import { checkNames, has } from "./rules.js";
import type { Kind } from "./setting-kinds.js";
import { refuse } from "./setting-kinds.js";

/** One setting, whole: its type, check, default, option of the command, help and documentation follow from this row. */
export interface Setting<Given = unknown, Resolved = unknown> {
  readonly kind: Kind<Given, Resolved>;
  /** What it does, in one line. */
  readonly about: string;
  /** Resolved value of a setting that is left out. Without one the setting is undefined then. */
  readonly default?: Resolved;
  /** The default in words, where it isn't a value that speaks for itself. */
  readonly defaultWords?: string;
  /** The command's option, "-o, --out <file>". Default: --kebab-case of the name with the kind's placeholder; null: none. */
  readonly flag?: string | null;
  /** What a switch does, where it sets the opposite of what `about` says. */
  readonly switchAbout?: string;
  /** Whether it can't be left out. */
  readonly required?: true;
  /** Heading of the help. */
  readonly group?: string;
  /** What results record of a resolved value. Default: the value. */
  readonly record?: (resolved: never) => unknown;
}

/** Settings by name. */
export type Settings = Readonly<Record<string, Setting>>;

/** What callers may give for a table of settings. */
export type GivenOf<Rows> = {
  readonly [Name in keyof Rows]?: Rows[Name] extends { readonly kind: Kind<infer Given, unknown> }
    ? Given | undefined
    : never;
};

/** The same with every default filled in; a setting without one may be undefined. */
export type ResolvedOf<Rows> = {
  readonly [Name in keyof Rows]: Rows[Name] extends { readonly kind: Kind<unknown, infer Resolved> }
    ? Rows[Name] extends { readonly default: unknown } | { readonly required: true }
      ? Resolved
      : Resolved | undefined
    : never;
};

/** A table of settings, as it is: checks its rows' types. */
export const defineSettings = <const Rows extends Settings>(rows: Rows): Rows => rows;

/**
 * The settings of a table, checked, with defaults; other members of `given` are ignored. Resolving resolved settings changes nothing.
 * @param prefix  stands before a setting's name in errors.
 * @throws {OptionError} naming the first setting that is wrong.
 */
export function resolve<Rows extends Settings>(rows: Rows, given: GivenOf<Rows>, prefix = ""): ResolvedOf<Rows> {
  const values = given as Readonly<Record<string, unknown>>;
  const entries = Object.entries(rows).map(([name, row]) => {
    const value = values[name];
    return [name, value === undefined && !row.required ? row.default : row.kind.check(value, prefix + name)];
  });
  return Object.fromEntries(entries) as ResolvedOf<Rows>;
}

/**
 * The settings that a caller gave `who`.
 * @throws {RangeError} for a member that is no setting, naming those there are; as `resolve`.
 */
export function resolveOptions<Rows extends Settings>(who: string, given: unknown, rows: Rows): ResolvedOf<Rows> {
  checkNames(who, given, Object.keys(rows));
  return resolve(rows, given as GivenOf<Rows>);
}

/** Settings as results record them: plain data. */
export function recorded<Rows extends Settings>(rows: Rows, resolved: ResolvedOf<Rows>): Record<string, unknown> {
  const values = resolved as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(rows).map(([name, { record }]) => {
      const value = values[name];
      return [name, record && value !== undefined ? record(value as never) : value];
    }),
  );
}

/** A kind whose values are settings in their turn. */
export interface NestedKind<Given, Resolved, Rows extends Settings = Settings> extends Kind<Given, Resolved> {
  readonly rows: Rows;
}

/** Settings within a setting. */
export function nested<Rows extends Settings>(rows: Rows): NestedKind<GivenOf<Rows>, ResolvedOf<Rows>, Rows> {
  const names = Object.keys(rows);
  return {
    words: `options (${names.join(", ")})`,
    rows,
    check: (value, option) => {
      checkNames(option, value, names);
      return resolve(rows, value as GivenOf<Rows>, `${option}.`);
    },
  };
}

/** A row that is chosen by its id and reads some settings of a table. */
export interface Choice {
  readonly id: string;
  /** The settings that it reads, with their defaults. */
  readonly defaults: object;
  /** Settings that it reads and that have no default. */
  readonly optional?: readonly string[];
}

/** What an id stands for, and settings of it. */
export type Chosen<Rows> = { readonly id: string } & GivenOf<Rows>;

/** A kind whose values are an id, or an object of an id and settings. */
export interface ChoiceKind<Rows extends Settings> extends NestedKind<string | Chosen<Rows>, Chosen<Rows>, Rows> {
  readonly choices: ReadonlyMap<string, Choice>;
  parse(word: string, option: string): string;
  readonly placeholder: string;
}

/**
 * One of a table's rows by its id, alone or with settings of its own: `"ovf"` or `{ id: "ovf", beta: 0.1 }`. Resolved to the id and every
 * setting that the row reads.
 * @param rows  the settings that any of the choices reads.
 */
export function chosenFrom<Rows extends Settings>(
  choices: ReadonlyMap<string, Choice>,
  rows: Rows,
  placeholder = "<id>",
): ChoiceKind<Rows> {
  const ids = [...choices.keys()];
  const among = `one of ${ids.join(", ")}`;
  const words = `${among}, or an object with such an id`;
  return {
    words,
    placeholder,
    choices,
    rows,
    check: (value, option) => {
      const { id, ...given } = typeof value === "string" ? { id: value } : has(value, "id") ? value : { id: undefined };
      if (typeof id !== "string") return refuse(option, words, value);
      const choice = choices.get(id) ?? refuse(option, among, id);
      return { id, ...settingsOfChoice(option, choice, rows, given) } as Chosen<Rows>;
    },
    parse: (word, option) => (choices.has(word) ? word : refuse(option, among, word)),
  };
}

/**
 * The settings that a choice reads, with its defaults.
 * @throws {OptionError} for a setting it doesn't read, or a value out of range.
 */
export function settingsOfChoice(
  option: string,
  { id, defaults, optional = [] }: Choice,
  rows: Settings,
  given: object,
): Record<string, unknown> {
  const known = [...Object.keys(defaults), ...optional];
  const settings: Record<string, unknown> = { ...defaults };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const path = (setting: string): string => `${option}.${setting}`;
    if (!known.includes(name)) {
      const isSetting = Object.hasOwn(rows, name);
      throw new OptionError({
        option,
        subject: `${option} ${inWords(id).slice(1, -1)}`,
        expected: `no setting${known.length > 0 ? ` but ${known.map((one) => `{${path(one)}}`).join(", ")}` : ""}`,
        got: isSetting ? `{${path(name)}}` : name,
        mentions: [...known, ...(isSetting ? [name] : [])].map(path),
      });
    }
    settings[name] = rows[name]!.kind.check(value, path(name));
  }
  return settings;
}
