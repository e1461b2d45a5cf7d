import { inWords } from "./in-words.js";
import { OptionError } from "./option-error.js";
import { checkNames, has } from "./rules.js";
import type { Kind } from "./setting-kinds.js";
import { refuse } from "./setting-kinds.js";

/** One row of a settings table. The TypeScript type, check, default, command option, help and documentation derive from it. */
export interface Setting<Given = unknown, Resolved = unknown> {
  readonly kind: Kind<Given, Resolved>;
  /** Description in one line, for help and documentation. */
  readonly about: string;
  /** Resolved value of a missing setting. Default: undefined. */
  readonly default?: Resolved;
  /** Description of the default in the help. Default: the value of `default`. */
  readonly defaultWords?: string;
  /** The command's option, "-o, --out <file>". Default: --kebab-case of the name with the kind's placeholder; null: none. */
  readonly flag?: string | null;
  /** Help text of a switch that sets the opposite of `about`. Default: `about`. */
  readonly switchAbout?: string;
  /** Marks a setting that callers must give. */
  readonly required?: true;
  /** Heading under which the help lists it. */
  readonly group?: string;
  /** Converts a resolved value to the form that results record. Default: the value itself. */
  readonly record?: (resolved: never) => unknown;
}

/** Settings by name. */
export type Settings = Readonly<Record<string, Setting>>;

/** The type of the settings that callers pass, for a table of settings. */
export type GivenOf<Rows> = {
  readonly [Name in keyof Rows]?: Rows[Name] extends { readonly kind: Kind<infer Given, unknown> }
    ? Given | undefined
    : never;
};

/** The type of resolved settings: defaults are filled in. A setting without a default may be undefined. */
export type ResolvedOf<Rows> = {
  readonly [Name in keyof Rows]: Rows[Name] extends { readonly kind: Kind<unknown, infer Resolved> }
    ? Rows[Name] extends { readonly default: unknown } | { readonly required: true }
      ? Resolved
      : Resolved | undefined
    : never;
};

/** Returns its argument; makes TypeScript check and infer the rows' types. */
export const defineSettings = <const Rows extends Settings>(rows: Rows): Rows => rows;

/**
 * Checks settings and fills in defaults. Members of `given` without a row are ignored. The function is idempotent.
 * @param prefix  Text before a setting's name in errors. Default: "".
 * @throws {OptionError} for the first invalid setting.
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
 * Resolves the settings that a caller passed to the function `who`; unlike `resolve`, it refuses unknown members.
 * @throws {RangeError} for an unknown member (lists the known ones), or an invalid setting.
 */
export function resolveOptions<Rows extends Settings>(who: string, given: unknown, rows: Rows): ResolvedOf<Rows> {
  checkNames(who, given, Object.keys(rows));
  return resolve(rows, given as GivenOf<Rows>);
}

/** Converts resolved settings to the plain data that results record. */
export function recorded<Rows extends Settings>(rows: Rows, resolved: ResolvedOf<Rows>): Record<string, unknown> {
  const values = resolved as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(rows).map(([name, { record }]) => {
      const value = values[name];
      return [name, record && value !== undefined ? record(value as never) : value];
    }),
  );
}

/** A kind whose values are objects of settings. */
export interface NestedKind<Given, Resolved, Rows extends Settings = Settings> extends Kind<Given, Resolved> {
  readonly rows: Rows;
}

/** Makes a kind whose values are objects of the settings in `rows`. */
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

/** A table row that users select by id, and the settings it reads. */
export interface Choice {
  readonly id: string;
  /** Default values of the settings it reads. */
  readonly defaults: object;
  /** Names of further settings it reads, which have no default. */
  readonly optional?: readonly string[];
}

/** An id and settings of the row that it selects. */
export type Chosen<Rows> = { readonly id: string } & GivenOf<Rows>;

/** A kind whose values are an id, or an object with an id and settings. */
export interface ChoiceKind<Rows extends Settings> extends NestedKind<string | Chosen<Rows>, Chosen<Rows>, Rows> {
  readonly choices: ReadonlyMap<string, Choice>;
  parse(word: string, option: string): string;
  readonly placeholder: string;
}

/**
 * Makes a kind that selects a row by id, alone or with settings: `"ovf"` or `{ id: "ovf", beta: 0.1 }`. A value resolves to the id
 * and all settings that the row reads.
 * @param choices  Rows by id.
 * @param rows  Settings of all choices together.
 */
export function chosenFrom<Rows extends Settings>(
  choices: ReadonlyMap<string, Choice>,
  rows: Rows,
  placeholder = "<id>",
): ChoiceKind<Rows> {
  // Read at each use: rows can be added.
  const among = (): string => `one of ${[...choices.keys()].join(", ")}`;
  const words = (): string => `${among()}, or an object with such an id`;
  return {
    get words() {
      return words();
    },
    placeholder,
    choices,
    rows,
    check: (value, option) => {
      const { id, ...given } = typeof value === "string" ? { id: value } : has(value, "id") ? value : { id: undefined };
      if (typeof id !== "string") return refuse(option, words(), value);
      const choice = choices.get(id) ?? refuse(option, among(), id);
      return { id, ...settingsOfChoice(option, choice, rows, given) } as Chosen<Rows>;
    },
    parse: (word, option) => (choices.has(word) ? word : refuse(option, among(), word)),
  };
}

/**
 * Checks the settings given for a choice and fills in its defaults.
 * @param option  The option's path, for errors.
 * @throws {OptionError} for a setting that the choice doesn't read, or a value out of range.
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
