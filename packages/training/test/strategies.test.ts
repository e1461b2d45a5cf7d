import { strategies, strategyNamed } from "@neft/training";
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
