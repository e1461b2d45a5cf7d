import {
  describeNode,
  type GraphNode,
  type HostArray,
  type KnownValue,
  type Model,
  modelWeights,
  operatorOf,
  type Scaling,
  subgraphsOf,
  valuesOf,
  type Weight,
  type WeightUse,
  weightUses,
} from "@neft/model";
import { sizeOf } from "@neft/tensor";
import { Factors } from "./factors.js";
import {
  along,
  compressed,
  expanded,
  inverse,
  isOnes,
  matched,
  ones,
  type Pattern,
  pinned,
  united,
  visit,
} from "./pattern.js";
import { aligned, weightPatterns } from "./placement.js";

/** How one input of a node absorbs factors: the parameter's elements are multiplied by `up` and divided by `down`. */
export interface Role {
  readonly node: GraphNode;
  readonly weight: Weight;
  readonly up: Pattern;
  readonly down: Pattern;
  /** Exponent of both. Default: 1. */
  readonly power?: number;
  /** For the gain of a batch normalisation: its variance also has a term that no factor changes. */
  readonly normalised?: { readonly variance: string; readonly epsilon: number };
  /** Set for weights on crossbars. */
  readonly use?: WeightUse;
}

/** The free factors of a network, and how its parameters absorb them. */
export interface FreeFactors {
  readonly factors: Factors;
  readonly roles: readonly Role[];
  /** For each array node with an output whose factors are all 1, the node that needs that. */
  readonly ends: ReadonlyMap<string, string>;
}

/** Limit on the elements of a value whose factors are followed one by one. */
const maxElements = 2 ** 22;

/** Values so large count as no bound. */
const unbounded = 3.4e38;

/**
 * Finds all factors by which a network's values can be scaled so that its outputs stay the same.
 *
 * Each output of an array node, and of a normalisation with a gain, has a free factor for every channel. They follow the
 * values through the nodes by the `scaling` of their operators. A node without that trait, and an output of the
 * network, need the factor 1.
 *
 * @param shapes  Dtype and shape of every value, for one size or several of the free axes. Factors are free if they are
 *   at all of them.
 * @param fixed  Parameters that can't change, with the reason.
 */
export function freeFactors(
  model: Model,
  [known, ...others]: readonly ReadonlyMap<string, KnownValue>[],
  fixed: ReadonlyMap<string, string> = new Map(),
): FreeFactors {
  const turned = new Set<string>();
  let first = new Follower(model, known!, fixed, turned);
  for (let round = 1; round < mostRounds; round++) {
    const lost = first.lostGates();
    if (lost.length === 0) break;
    for (const name of lost) turned.add(name);
    first = new Follower(model, known!, fixed, turned);
  }
  for (const other of others) first.restrict(new Follower(model, other, fixed, turned));
  return first.result();
}

/** Times that a network is followed, at most, until its gates have the factors of the operand that can have any. */
const mostRounds = 4;

class Follower {
  readonly #factors = new Factors();
  /** Factors of each value that depends on data. */
  readonly #patterns = new Map<string, Pattern>();
  readonly #fixed: Set<string>;
  readonly #roles: Role[] = [];
  readonly #layers = new Map<string, Pattern>();
  /** For each gate whose operands both have factors, those that it keeps. */
  readonly #gated = new Map<string, Pattern>();
  readonly #weightOf: (name: string) => Weight | undefined;

  constructor(
    readonly model: Model,
    readonly known: ReadonlyMap<string, KnownValue>,
    readonly unchangeable: ReadonlyMap<string, string>,
    /** Names of gates that keep the factors of their second operand, not those of the first. */
    readonly turned: ReadonlySet<string>,
  ) {
    this.#fixed = new Set([...model.parameters.keys(), ...model.constants.keys(), ""]);
    this.#weightOf = modelWeights(model).weightOf;
    this.#follow();
  }

  #follow(): void {
    for (const { name, shape } of this.model.inputs) this.#patterns.set(name, ones(shape.length));
    for (const node of this.model.nodes) this.#visit(node);
    for (const { name } of this.model.outputs) {
      const pattern = this.#patterns.get(name);
      if (pattern) pinned(this.#factors, pattern, "an output of the network");
    }
    this.#settleShared();
  }

  /** Names of gates that kept the first operand's factors, which turned out to be 1, when the second operand had others. */
  lostGates(): string[] {
    return [...this.#gated].flatMap(([name, pattern]) => (isOnes(this.#factors, pattern) ? [name] : []));
  }

  /** Keeps factors equal that are equal for other sizes too. */
  restrict(other: Follower): void {
    const why = "other sizes of the inputs";
    const key = ({ node, weight }: Role): string => JSON.stringify([node.name, weight.parameter]);
    const theirs = new Map(other.#roles.map((role) => [key(role), role]));
    const own = new Map<number, number>();
    for (const role of this.#roles) {
      const match = theirs.get(key(role));
      for (const part of ["up", "down"] as const) {
        if (match === undefined) pinned(this.#factors, role[part], why);
        else {
          visit(role.weight.shape, [role[part].shape, match[part].shape], (_, [i, j]) => {
            const ref = role[part].refs[i!]!;
            const root = other.#factors.find(match[part].refs[j!]!);
            const signed = root < 0 ? -ref : ref;
            const known = own.get(Math.abs(root));
            if (root === 0) this.#factors.pin(ref, why);
            else if (known === undefined) own.set(Math.abs(root), signed);
            else this.#factors.unite(known, signed, why);
          });
        }
      }
    }
  }

  result(): FreeFactors {
    const ends = new Map<string, string>();
    for (const [name, pattern] of this.#layers)
      if (isOnes(this.#factors, pattern)) ends.set(name, this.#factors.reasonOf(pattern.refs[0]!));
    const roles = this.#roles.map((role) => ({
      ...role,
      up: compressed(this.#factors, role.up),
      down: compressed(this.#factors, role.down),
    }));
    return { factors: this.#factors, roles, ends };
  }

  #visit(node: GraphNode): void {
    const hasGraphs = subgraphsOf(node).length > 0;
    const { traits } = operatorOf(node);
    if (node.inputs.every((name) => this.#fixed.has(name)) && !hasGraphs && traits.draws !== true) {
      for (const name of node.outputs) this.#fixed.add(name);
      return;
    }
    if (traits.scaling?.kind === "ignores") {
      for (const name of node.outputs) this.#patterns.set(name, ones(this.#rankOf(name)));
      return;
    }
    const isFloat = this.known.get(node.outputs[0]!)?.dtype === "f32";
    this.#taken.clear();
    const [use, ...others] = hasGraphs ? [] : weightUses(node, { weightOf: this.#weightOf });
    let results: readonly Pattern[] | undefined;
    if (use?.flow !== undefined && others.length === 0) results = this.#product(node, use);
    else if (use === undefined && isFloat && traits.scaling !== undefined && !hasGraphs)
      results = this.#rule(node, traits.scaling);
    // What no rule has followed has to keep its scale.
    this.#end(node, results === undefined ? new Set() : this.#taken);
    for (const [i, name] of node.outputs.entries()) {
      if (name === "") continue;
      const pattern = results?.[i];
      const shape = this.known.get(name)?.shape ?? [];
      const fits =
        pattern?.shape.length === shape.length && pattern.shape.every((n, axis) => n === 1 || n === shape[axis]);
      if (pattern !== undefined && !fits) pinned(this.#factors, pattern, describeNode(node));
      this.#patterns.set(name, pattern !== undefined && fits ? pattern : ones(shape.length));
    }
  }

  /** Names of inputs whose factors the current rule follows. */
  readonly #taken = new Set<string>();

  /** Factors of a value that depends on data, for a rule that follows them. */
  #take(name: string): Pattern | undefined {
    this.#taken.add(name);
    return this.#patterns.get(name);
  }

  #rankOf(name: string): number {
    return this.known.get(name)?.shape.length ?? 0;
  }

  /** Makes the factors of what a node reads 1. */
  #end(node: GraphNode, except: ReadonlySet<string>): void {
    for (const name of node.inputs) {
      const pattern = this.#patterns.get(name);
      if (pattern && !except.has(name)) pinned(this.#factors, pattern, describeNode(node));
    }
  }

  /** Factors of the outputs; undefined if the inputs have to keep their scale. */
  #rule(node: GraphNode, scaling: Scaling): readonly Pattern[] | undefined {
    const inputs = node.inputs.map((name) => (name === "" ? undefined : this.known.get(name)));
    const output = this.known.get(node.outputs[0]!);
    if (output === undefined || inputs.some((value, i) => value === undefined && node.inputs[i] !== ""))
      return undefined;
    const attributes = valuesOf(operatorOf(node), node);
    // Factors follow the trailing axes; an operand of an old opset may broadcast otherwise.
    if (scaling.kind !== "moves" && typeof attributes.axis === "number" && scaling.kind !== "gains") return undefined;
    const call = { attributes, inputs, output };
    switch (scaling.kind) {
      case "elements":
        return this.#elements(node, scaling.inputs, scaling.over ? scaling.over(call) : [], output);
      case "moves":
        return this.#moves(node, scaling.along?.(call) ?? [], inputs, attributes);
      case "gates":
        return this.#gates(node, scaling.divides, output);
      case "gains":
        return this.#gains(node, scaling, output, attributes);
      case "contracts":
        return this.#contracts(node, output);
      case "attends":
        return this.#attends(node, attributes);
    }
  }

  /** An output element depends on the inputs' elements at its place, and over some axes. */
  #elements(
    node: GraphNode,
    listed: readonly number[] | undefined,
    over: readonly number[] | undefined,
    output: KnownValue,
  ): readonly Pattern[] | undefined {
    if (over === undefined) return undefined;
    const who = describeNode(node);
    const rank = output.shape.length;
    const carriers = node.inputs.flatMap((name, i) =>
      name !== "" && (listed === undefined || listed.includes(i)) ? [{ name, i }] : [],
    );
    const data = carriers.flatMap(({ name }) => {
      const pattern = this.#take(name);
      return pattern ? [united(this.#factors, pattern, over, who)] : [];
    });
    // A reduction may drop its axes.
    const shaped = data.map((pattern) =>
      pattern.shape.length > rank
        ? { ...pattern, shape: pattern.shape.filter((_, axis) => !over.includes(axis)) }
        : pattern,
    );
    const pattern = matched(this.#factors, shaped, rank, who);
    for (const { name } of carriers) {
      if (this.#patterns.has(name) || this.#isScaleFree(name)) continue;
      if (!this.#absorb(node, name, { down: pattern })) pinned(this.#factors, pattern, who);
    }
    return [pattern];
  }

  /** Whether a fixed value equals itself times any positive factor: zeros and what bounds nothing. */
  #isScaleFree(name: string): boolean {
    const tensor = this.model.constants.get(name);
    if (tensor?.dtype !== "f32") return false;
    return tensor.floats().every((value) => value === 0 || Math.abs(value) >= unbounded);
  }

  /**
   * Lets a parameter absorb factors. @returns whether it can: `name` is a parameter, read directly or through views, with
   * an element of its own for each factor.
   */
  #absorb(
    node: GraphNode,
    name: string,
    { up, down, ...others }: { up?: Pattern; down?: Pattern } & Pick<Role, "power" | "normalised" | "use">,
  ): boolean {
    const weight = this.#weightOf(name);
    if (weight === undefined) return false;
    const none = ones(weight.shape.length);
    const placed = [up, down].map((pattern) => (pattern === undefined ? none : aligned(pattern, weight.shape)));
    const [own, other] = placed;
    if (own === undefined || other === undefined) return false;
    this.#roles.push({ node, weight, up: own, down: other, ...others });
    return true;
  }

  #moves(
    node: GraphNode,
    axes: readonly number[],
    inputs: readonly (KnownValue | undefined)[],
    // biome-ignore lint/suspicious/noExplicitAny: the row knows its attributes
    attributes: any,
  ): readonly Pattern[] | undefined {
    const row = operatorOf(node);
    if (row.integers === null) return undefined;
    const isJoined = inputs.every((value) => value?.dtype === "f32");
    const floats = inputs.flatMap((value, i) => (value?.dtype === "f32" ? [i] : []));
    // Elements of a fixed table at places that data choose, or places that aren't known.
    if (!isJoined && (floats.length !== 1 || !this.#patterns.has(node.inputs[0]!))) return undefined;
    if (inputs.some((value) => value !== undefined && value.dtype !== "f32" && value.data === undefined))
      return undefined;
    const given = floats.map((i) => this.#take(node.inputs[i]!) ?? this.#free(node, node.inputs[i]!));
    const rank = given[0]!.shape.length;
    const full = Array.from({ length: rank }, (_, axis) => axis).filter(
      (axis) => axes.includes(axis) || (isJoined && given.some(({ shape }) => shape[axis] !== 1)),
    );
    const sizes = given.map(({ shape }, i) =>
      shape.map((n, axis) => (full.includes(axis) ? inputs[floats[i]!]!.shape[axis]! : n)),
    );
    const made = node.outputs.map((name) => this.known.get(name)?.shape ?? []);
    if ([...sizes, ...made].some((shape) => sizeOf(shape) > maxElements)) return undefined;
    const arrays = given.map((pattern, i): HostArray => {
      const { shape, refs } = expanded(pattern, inputs[floats[i]!]!.shape, full);
      return { dtype: "i32", shape, data: refs as Int32Array<ArrayBuffer> };
    });
    const values = inputs.map((value, i) => (floats.includes(i) ? arrays[floats.indexOf(i)] : (value as HostArray)));
    const results = row.integers(values as HostArray[], attributes, { node, inputs: values });
    return results.map(({ shape, data }) =>
      compressed(this.#factors, { shape, refs: Int32Array.from(data as Int32Array) }),
    );
  }

  /** Factors for the elements of a fixed value: free ones if it is a parameter. */
  #free(node: GraphNode, name: string): Pattern {
    const { shape } = this.known.get(name)!;
    if (this.#weightOf(name) === undefined || sizeOf(shape) > maxElements) return ones(shape.length);
    const pattern = { shape, refs: this.#factors.fresh(sizeOf(shape)) };
    this.#absorb(node, name, { down: pattern });
    return pattern;
  }

  #gates(node: GraphNode, divides: boolean, output: KnownValue): readonly Pattern[] | undefined {
    const who = describeNode(node);
    const rank = output.shape.length;
    const [nameA, nameB] = node.inputs as [string, string];
    const [a, b] = [this.#take(nameA), this.#take(nameB)];
    const placed = (pattern: Pattern): Pattern[] => [matched(this.#factors, [pattern], rank, who)];
    if (a && b) {
      const isSecond = this.turned.has(node.name) || isOnes(this.#factors, a);
      const [kept, other] = isSecond ? [divides ? inverse(b) : b, a] : [a, b];
      // Only one of the two can have factors.
      if (!isSecond && !isOnes(this.#factors, b)) this.#gated.set(node.name, a);
      pinned(this.#factors, other, who);
      return placed(nameA === nameB ? ones(rank) : kept);
    }
    const x = (a ?? b)!;
    if (a === undefined && divides) {
      pinned(this.#factors, x, who);
      return [ones(rank)];
    }
    const [y] = placed(x);
    const gain = this.#weightOf(a ? nameB : nameA);
    // One number for all channels frees nothing.
    if (gain === undefined || sizeOf(gain.shape) === 1 || aligned(y!, gain.shape) === undefined) return [y!];
    const shape = [...Array(rank - gain.shape.length).fill(1), ...gain.shape];
    const free = { shape, refs: this.#factors.fresh(sizeOf(shape)) };
    this.#absorb(node, a ? nameB : nameA, divides ? { up: free, down: y! } : { up: y!, down: free });
    return [free];
  }

  #gains(
    node: GraphNode,
    { gain, shift, axis }: Extract<Scaling, { kind: "gains" }>,
    output: KnownValue,
    { epsilon }: { readonly epsilon?: number },
  ): readonly Pattern[] | undefined {
    const rank = output.shape.length;
    const x = this.#take(node.inputs[0]!);
    const gainShape = this.#weightOf(node.inputs[gain]!)?.shape;
    const shiftName = shift === undefined ? "" : (node.inputs[shift] ?? "");
    const isShiftFree = shiftName === "" || this.#isScaleFree(shiftName) || this.#weightOf(shiftName) !== undefined;
    if (x === undefined || gainShape === undefined || !isShiftFree) return undefined;
    const own = this.#normalisedInput(node, x);
    if (own === undefined) pinned(this.#factors, x, describeNode(node));
    const free = { shape: gainShape, refs: this.#factors.fresh(sizeOf(gainShape)) };
    const variance = operatorOf(node).traits.running?.variance;
    this.#absorb(node, node.inputs[gain]!, {
      down: free,
      ...(own && { up: own, normalised: { variance: node.inputs[variance!]!, epsilon: epsilon! } }),
    });
    const hasShift = shiftName !== "" && !this.#isScaleFree(shiftName);
    if (hasShift && !this.#absorb(node, shiftName, { down: free })) pinned(this.#factors, free, describeNode(node));
    const first = axis ?? rank - gainShape.length;
    const shape = Array.from({ length: rank }, (_, i) => gainShape[i - first] ?? 1);
    const y = { shape, refs: free.refs };
    return [y];
  }

  /** Lets the running statistics absorb a channel's factor. @returns the factors, [channels]; undefined if they can't. */
  #normalisedInput(node: GraphNode, x: Pattern): Pattern | undefined {
    const { running } = operatorOf(node).traits;
    if (running === undefined) return undefined;
    const names = [node.inputs[running.mean]!, node.inputs[running.variance]!];
    if (names.some((name) => !this.model.parameters.has(name))) return undefined;
    const others = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
    const { refs } = united(this.#factors, x, others, describeNode(node));
    const own = { shape: [refs.length], refs };
    this.#absorb(node, names[0]!, { down: own });
    this.#absorb(node, names[1]!, { down: own, power: 2 });
    return own;
  }

  /** A product of data with weights on a crossbar. */
  #product(node: GraphNode, use: WeightUse): readonly Pattern[] | undefined {
    const who = describeNode(node);
    const { flow, input } = use;
    const { data, from, to, bias } = flow!;
    const x = this.#take(node.inputs[data]!);
    const weight = this.#weightOf(node.inputs[input]!)!;
    const shape = this.known.get(node.outputs[0]!)?.shape;
    const xShape = this.known.get(node.inputs[data]!)?.shape;
    if (x === undefined || shape === undefined || xShape === undefined) return undefined;
    const axisIn = Math.max(0, xShape.length + from);
    const axisOut = Math.max(0, shape.length + to);
    const others = x.shape.flatMap((_, axis) => (axis === axisIn ? [] : [axis]));
    const refsIn = expanded(united(this.#factors, x, others, who), xShape, [axisIn]).refs;
    const refsOut = this.#factors.fresh(shape[axisOut]!);
    const y = along(refsOut, axisOut, shape.length);
    const patterns = weightPatterns(weight.shape, use, refsIn, refsOut);
    if (patterns === undefined) return undefined;
    this.#absorb(node, node.inputs[input]!, { ...patterns, use });
    this.#layers.set(node.name, y);
    const biasName = bias === undefined ? "" : (node.inputs[bias] ?? "");
    if (this.#patterns.has(biasName)) {
      // The bias comes from data: both have the same factors.
      const given = this.#take(biasName)!;
      const placed = shape.length > 2 ? along(given.refs, axisOut, shape.length) : given;
      return [matched(this.#factors, [y, placed], shape.length, who)];
    }
    if (biasName !== "" && !this.#isScaleFree(biasName)) {
      const down = shape.length > 2 ? { shape: [refsOut.length], refs: refsOut } : y;
      if (!this.#absorb(node, biasName, { down })) pinned(this.#factors, y, who);
    }
    return [y];
  }

  /** A product of matrices, both computed from data. */
  #contracts(node: GraphNode, output: KnownValue): readonly Pattern[] | undefined {
    const who = describeNode(node);
    const [a, b] = node.inputs.map((name) => this.#take(name));
    const rank = output.shape.length;
    if (a === undefined || b === undefined || a.shape.length !== rank || b.shape.length !== rank || rank < 2)
      return undefined;
    const [rows, columns] = [rank - 2, rank - 1];
    // Factors of a's rows, where b has none.
    if (a.shape[columns] === 1 && isOnes(this.#factors, b)) return [a];
    if (b.shape[rows] === 1) {
      // Every sum has terms with one factor from b.
      pinned(this.#factors, a, who);
      return [b];
    }
    if (a.shape[columns] === 1) {
      pinned(this.#factors, b, who);
      return [a];
    }
    // Terms have factors of both, which must cancel.
    const left = united(this.#factors, a, [rows], who);
    const right = united(this.#factors, b, [columns], who);
    const perm = [...Array.from({ length: rows }, (_, axis) => axis), columns, rows];
    const turned = { shape: perm.map((axis) => right.shape[axis]!), refs: right.refs };
    matched(this.#factors, [left, inverse(turned)], rank, who);
    return [ones(rank)];
  }

  /** Queries and keys have inverse factors; the output has those of the values. */
  #attends(node: GraphNode, attributes: AttentionAttributes): readonly Pattern[] | undefined {
    const who = describeNode(node);
    const [q, k, v] = node.inputs.slice(0, 3).map((name) => this.#take(name));
    const [shapeQ, shapeK, shapeV] = node.inputs.map((name) => this.known.get(name)?.shape);
    const hasOthers = node.inputs.slice(4).some((name) => name !== "");
    const usesOthers = node.outputs.slice(1).some((name) => name !== "");
    if (!q || !k || !v || !shapeQ || !shapeK || !shapeV || hasOthers || usesOthers) return undefined;
    const isFlat = shapeQ.length === 3;
    const [queries, keys] = (isFlat ? [attributes.q_num_heads, attributes.kv_num_heads] : [shapeQ[1], shapeK[1]]) as [
      number,
      number,
    ];
    if (shapeK.length !== shapeQ.length || shapeV.length !== shapeQ.length) return undefined;
    const lengths = isFlat ? [0, 1] : [0, 2];
    const others = isFlat ? [2] : [1, 3];
    // [heads, size] of each, in row-major order.
    const [left, right, values] = [q, k, v].map((one, i) => {
      const pattern = united(this.#factors, one, lengths, who);
      return expanded(pattern, [shapeQ, shapeK, shapeV][i]!, others).refs;
    }) as [Int32Array, Int32Array, Int32Array];
    // Consecutive heads of queries share one of keys and values.
    const shared = (refs: Int32Array) => {
      const size = refs.length / keys;
      return Int32Array.from({ length: queries * size }, (_, i) => {
        return refs[Math.floor((Math.floor(i / size) * keys) / queries) * size + (i % size)]!;
      });
    };
    for (const [i, ref] of shared(right).entries()) this.#factors.unite(left[i]!, -ref, who);
    const refs = shared(values);
    const shape = isFlat ? [1, 1, refs.length] : [1, queries, 1, refs.length / queries];
    return [{ shape, refs: refs.map((ref) => this.#factors.find(ref)) }];
  }

  /** Lets the uses of a parameter agree: each has the same factors, or all have none. */
  #settleShared(): void {
    const reads = new Map<string, number>();
    const count = (name: string) => {
      const parameter = this.#weightOf(name)?.parameter;
      if (parameter !== undefined) reads.set(parameter, (reads.get(parameter) ?? 0) + 1);
    };
    for (const node of this.model.nodes) {
      const isView = node.outputs.some((name) => this.#weightOf(name) !== undefined);
      if (!isView) for (const name of node.inputs) if (name !== "") count(name);
    }
    for (const { name } of this.model.outputs) count(name);
    const byParameter = new Map<string, Role[]>();
    for (const role of this.#roles) {
      const { parameter } = role.weight;
      byParameter.set(parameter, [...(byParameter.get(parameter) ?? []), role]);
    }
    for (const [parameter, roles] of byParameter) {
      const fixed = this.unchangeable.get(parameter);
      const why = fixed ?? `the parameter ${JSON.stringify(parameter)}, which other nodes read too`;
      if (fixed !== undefined || reads.get(parameter) !== roles.length || !areAlike(roles)) {
        for (const { up, down } of roles) for (const one of [up, down]) pinned(this.#factors, one, why);
      } else if (roles.length > 1) {
        const rank = roles[0]!.weight.shape.length;
        for (const part of ["up", "down"] as const)
          matched(
            this.#factors,
            roles.map((role) => role[part]),
            rank,
            why,
          );
      }
    }
  }
}

interface AttentionAttributes {
  readonly q_num_heads: number | undefined;
  readonly kv_num_heads: number | undefined;
}

/** Whether the uses of a parameter can have the same factors. */
function areAlike([first, ...others]: readonly Role[]): boolean {
  const form = ({ weight: { views, shape }, power = 1, normalised }: Role): string =>
    JSON.stringify([views.map(({ name }) => name), shape, power, normalised ?? null]);
  return others.every((other) => form(other) === form(first!));
}
