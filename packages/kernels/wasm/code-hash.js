export const codeHash = "0d8a0df5f559e41b";
