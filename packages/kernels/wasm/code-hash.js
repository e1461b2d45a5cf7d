export const codeHash = "b14e6ee538b33140";
