/** Range of supported opsets of the default domain, both inclusive. */
export const supportedOpsets = { min: 6, max: 27 } as const;
