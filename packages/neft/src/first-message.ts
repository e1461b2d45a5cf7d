/** The part of a browser worker's globals that is used here. */
export interface WorkerScope {
  addEventListener(
    type: "message",
    listener: (event: { readonly data: unknown }) => void,
    options?: { readonly once: true },
  ): void;
  postMessage(message: unknown, transferred?: readonly ArrayBuffer[]): void;
}

/**
 * Starts a browser worker in the role that its first message names; the message has everything the worker needs.
 * Nothing may be awaited before: messages posted until the listener exists would be lost.
 */
export function onFirstMessage<Start extends { readonly role: string }>(
  roles: {
    readonly [Role in Start["role"]]: (start: Start & { readonly role: Role }) => void;
  },
): void {
  const scope = globalThis as unknown as WorkerScope;
  scope.addEventListener(
    "message",
    ({ data }) => {
      const start = data as Start;
      roles[start.role as Start["role"]](start as never);
    },
    { once: true },
  );
}
