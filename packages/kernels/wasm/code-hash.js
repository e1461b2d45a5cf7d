export const codeHash = "04624e998249158d";
