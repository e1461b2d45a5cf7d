export const codeHash = "aec9f5acd91a0fe2";
