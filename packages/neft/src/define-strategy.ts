import { addStrategy, type Strategy, type StrategyRow, type StrategySettings } from "@neft/training";

/**
 * Defines a training strategy and adds it to `strategies`: `finetune` then takes its id. Only this thread knows its code, so it trains
 * without workers.
 *
 * `loss` makes the loss of a step, a scalar, from forward passes with the operations of `neft/tensor`. `defaults` names those
 * settings of the option `strategy` that the loss reads; a copy of them is kept. The id has lower-case letters, digits and dashes.
 *
 * @throws {RangeError} if the id is taken or has other characters, or a field is missing or of the wrong kind.
 */
export function defineStrategy<S extends StrategySettings>(row: StrategyRow<S>): Strategy {
  return addStrategy("defineStrategy", row);
}
