export const codeHash = "7ed9165b7a61c1c4";
