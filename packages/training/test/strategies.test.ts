import { addStrategy, strategies, strategyNamed } from "@neft/training";
import { describe, expect, it } from "vitest";

describe("strategies", () => {
  it("are complete rows that resolve to their defaults and refuse settings they don't read", () => {
    for (const [id, strategy] of strategies) {
      expect(strategy.id).toBe(id);
      expect(strategy.summary.length, id).toBeGreaterThan(10);
      expect(strategy.configure(), id).toMatchObject({ id, settings: strategy.defaults, hasHeads: strategy.hasHeads });
      expect(strategy.configure(strategy.defaults).settings, id).toEqual(strategy.defaults);
      expect(() => strategy.configure({ nonsense: 1 } as never), id).toThrow(
        `strategy ${id}: expected no setting${Object.keys(strategy.defaults).length > 0 ? " but " : ", got nonsense"}`,
      );
      for (const name of Object.keys(strategy.defaults)) {
        expect(() => strategy.configure({ [name]: Number.NaN }), `${id} ${name}`).toThrow(
          `strategy.${name}: expected `,
        );
      }
      expect(strategyNamed(id)).toBe(strategy);
    }
  });
});

describe("addStrategy", () => {
  const row = { summary: "of a test", defaults: {}, loss: () => undefined as never };

  it("refuses ids that aren't short words of lower-case letters, digits and dashes", () => {
    const before = [...strategies.keys()];
    for (const id of ["", " ", "Own", "own 1", "1st", "own\u0000", "own\n", "a".repeat(65), 3, undefined]) {
      expect(() => addStrategy("test", { ...row, id: id as string }), `${id}`).toThrow(
        /^id: expected an id of lower-case letters, digits and dashes, at most 64, got /,
      );
    }
    expect([...strategies.keys()]).toEqual(before);
  });

  it("accepts an id of 64 characters", () => {
    const id = `a${"-1".repeat(31)}z`;
    expect(addStrategy("test", { ...row, id }).id).toBe(id);
  });

  it("keeps a frozen copy of the defaults", () => {
    const defaults = { beta: 0.5, gamma: [1, 0.5] };
    const strategy = addStrategy("test", { ...row, id: "kept", defaults });
    defaults.beta = 5;
    defaults.gamma.push(3);
    expect(strategy.defaults).toEqual({ beta: 0.5, gamma: [1, 0.5] });
    expect(strategy.configure().settings).toEqual({ beta: 0.5, gamma: [1, 0.5] });
    expect(() => ((strategy.defaults as typeof defaults).beta = 5)).toThrow(TypeError);
    expect(() => (strategy.defaults as typeof defaults).gamma.push(3)).toThrow(TypeError);
    for (const one of strategies.values()) expect(Object.isFrozen(one.defaults), one.id).toBe(true);
  });
});
