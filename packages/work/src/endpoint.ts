/**
 * What messages are sent to and received from: a Worker, a MessagePort, or a worker's own global scope. comlink's type of the same name
 * needs the types of a browser.
 */
export interface Endpoint {
  // biome-ignore lint/suspicious/noExplicitAny: as in comlink and in the types of browsers.
  postMessage(message: any, transfer?: any[]): void;
  // biome-ignore lint/suspicious/noExplicitAny: as in comlink and in the types of browsers.
  addEventListener(type: string, listener: any, options?: any): void;
  // biome-ignore lint/suspicious/noExplicitAny: as in comlink and in the types of browsers.
  removeEventListener(type: string, listener: any, options?: any): void;
  start?: () => void;
}
