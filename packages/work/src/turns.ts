/** Resolves in the next turn of the event loop, so that pending events such as an abort are handled. */
export function nextTurn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/**
 * Performs work in this thread, item after item, each in a turn of its own: no item runs inside a tensor scope of the caller.
 * @throws what `perform` throws; the signal's reason if it aborts.
 */
export async function eachInTurn<Item>(
  items: Iterable<Item>,
  perform: (item: Item) => unknown,
  signal?: AbortSignal | undefined,
): Promise<void> {
  for (const item of items) {
    await nextTurn();
    signal?.throwIfAborted();
    await perform(item);
  }
  signal?.throwIfAborted();
}
