/** Hash of both builds' code. */
export declare const codeHash: string;
