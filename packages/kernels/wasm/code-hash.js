export const codeHash = "be767ac72186c5eb";
