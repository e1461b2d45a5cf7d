import { readFileSync } from "node:fs";
import { type ArrayChoice, decodeNpz } from "@neft/data";
import { describe, expect, it } from "vitest";
import { npy, npz } from "./formats.js";

/** An archive in which every array holds two samples or labels, different from those in the others. */
function archive(...names: readonly string[]): Uint8Array {
  const isLabels = (name: string) => /y|label|target|arr_1|arr_3/i.test(name);
  const arrays = names.map((name, i) => [
    name,
    isLabels(name) ? npy("|u1", [2], Uint8Array.of(i, i)) : npy("<f4", [2, 3], new Float32Array(6).fill(i)),
  ]);
  return npz(Object.fromEntries(arrays));
}

/** The arrays read, which have to be the ones the dataset says. */
function read(names: readonly string[], choice?: ArrayChoice): string {
  const data = decodeNpz(archive(...names), "a.npz", choice);
  const [samples, labels] = [data.values[0]!, data.labels[0]!].map((i) => names[i]);
  expect(data.arrays).toEqual([samples, labels]);
  return `${samples},${labels}`;
}

const keras = ["x_train", "y_train", "x_test", "y_test"];
const medmnist = ["train_images", "val_images", "test_images", "train_labels", "val_labels", "test_labels"];

describe("archives with several parts", () => {
  it.each<[string, readonly string[], Readonly<Record<"train" | "test", string>>]>([
    ["Keras", keras, { train: "x_train,y_train", test: "x_test,y_test" }],
    [
      "Keras, test first",
      ["x_test", "y_test", "x_train", "y_train"],
      { train: "x_train,y_train", test: "x_test,y_test" },
    ],
    ["MedMNIST", medmnist, { train: "train_images,train_labels", test: "test_images,test_labels" }],
    [
      "camel case",
      ["XTrain", "yTrain", "XTest", "yTest"].map((n) => n.replace("XT", "xT")),
      { train: "xTrain,yTrain", test: "xTest,yTest" },
    ],
    ["capitals", ["X_train", "Y_train", "X_test", "Y_test"], { train: "X_train,Y_train", test: "X_test,Y_test" }],
    [
      "behind",
      ["images_train", "labels_train", "images_test", "labels_test"],
      { train: "images_train,labels_train", test: "images_test,labels_test" },
    ],
    [
      "points",
      ["train.data", "train.targets", "test.data", "test.targets"],
      { train: "train.data,train.targets", test: "test.data,test.targets" },
    ],
    ...["eval", "evaluation", "holdout", "testing"].map((word): [string, string[], { train: string; test: string }] => [
      `test samples called ${word}`,
      ["x_train", "y_train", `x_${word}`, `y_${word}`],
      { train: "x_train,y_train", test: `x_${word},y_${word}` },
    ]),
  ])("%s: the part of the purpose is read, samples and labels both", (_, names, right) => {
    for (const purpose of ["train", "test"] as const) {
      expect(read(names, { purpose })).toBe(right[purpose]);
      expect(read([...names].reverse(), { purpose })).toBe(right[purpose]);
      expect(read(names, { part: purpose })).toBe(right[purpose]);
    }
  });

  it.each(["val", "valid", "validation", "dev", "development"])(
    "samples called %s are those for validation",
    (word) => {
      const names = [`x_${word}`, `y_${word}`];
      expect(read(["x_train", "y_train", ...names], { part: "val" })).toBe(names.join());
      expect(read(["x_train", "y_train", ...names], { purpose: "train" })).toBe("x_train,y_train");
      expect(() => read(names, { purpose: "train" })).toThrow(/expected arrays to train on, .*; choose with #val/);
    },
  );

  it.each<[string, readonly string[], ArrayChoice, string]>([
    ["validation by name", medmnist, { part: "val" }, "val_images,val_labels"],
    ["arrays by name", keras, { arrays: ["x_train", "y_train"] }, "x_train,y_train"],
    [
      "arrays by names that say nothing",
      ["arr_0", "arr_1", "arr_2", "arr_3"],
      { arrays: ["arr_2", "arr_3"] },
      "arr_2,arr_3",
    ],
    ["the only pair, to train on", ["x", "y"], { purpose: "train" }, "x,y"],
    ["the only pair, to test on", ["images", "labels"], { purpose: "test" }, "images,labels"],
    [
      "training samples to test on, where there are no others",
      ["x_train", "y_train"],
      { purpose: "test" },
      "x_train,y_train",
    ],
    ["a test part and others", ["x", "y", "x_test", "y_test"], { purpose: "test" }, "x_test,y_test"],
    ["a pair and other arrays", ["x", "y", "weights", "x_mean"], {}, "x,y"],
    ["two arrays with one part", ["x_train", "y"], { purpose: "train" }, "x_train,y"],
    ["two arrays with other names", ["pixels", "my_y"], { purpose: "train" }, "pixels,my_y"],
    ["a test part named, to train on", keras, { purpose: "train", part: "test" }, "x_test,y_test"],
  ])("%s", (_, names, choice, right) => {
    expect(read(names, choice)).toBe(right);
  });

  it.each<[string, readonly string[], ArrayChoice, RegExp]>([
    [
      "two parts for no purpose",
      keras,
      {},
      /expected arrays of one part, got "x_train", .*; choose with #train or #test behind/,
    ],
    [
      "only a test part to train on",
      ["x_test", "y_test"],
      { purpose: "train" },
      /expected arrays to train on, got "x_test", "y_test"; choose with #test/,
    ],
    [
      "validation and test to train on",
      ["x_val", "y_val", "x_test", "y_test"],
      { purpose: "train" },
      /expected arrays to train on/,
    ],
    [
      "unmarked and test to train on",
      ["x", "y", "x_test", "y_test"],
      { purpose: "train" },
      /of one part, got .*; choose with #x,y or #test/,
    ],
    [
      "training and validation to test on",
      ["x_train", "y_train", "x_val", "y_val"],
      { purpose: "test" },
      /choose with #train or #val/,
    ],
    ...["x_test", "x_other", "images_of_july"].map((name): [string, string[], ArrayChoice, RegExp] => [
      `training samples to test on, where ${name} is there`,
      ["x_train", "y_train", name],
      { purpose: "test" },
      /expected arrays to test on, got "x_train", "y_train", .*; choose with #train/,
    ]),
    [
      "samples of one part and labels of another",
      ["x_train", "y_test"],
      { purpose: "train" },
      /expected one array of samples .* got "x_train", "y_test"/,
    ],
    [
      "two arrays of samples",
      ["x_train", "images_train", "y_train"],
      { purpose: "train" },
      /choose with #x_train,y_train or #images_train,y_train/,
    ],
    ["two arrays of labels", ["x", "y", "labels"], {}, /choose with #x,y or #x,labels/],
    ["samples in both cases", ["x", "X", "y"], {}, /choose with #x,y or #X,y/],
    [
      "names that say nothing",
      ["arr_0", "arr_1", "arr_2", "arr_3"],
      {},
      /got "arr_0", "arr_1", "arr_2", "arr_3"; choose with #SAMPLES,LABELS/,
    ],
    [
      "a part that isn't there",
      keras,
      { part: "val" },
      /expected one array of samples and one of labels for val, got "x_train"/,
    ],
    ["an array that isn't there", keras, { arrays: ["x_train", "y"] }, /expected an array "y", got "x_train"/],
  ])("refused: %s", (_, names, choice, message) => {
    expect(() => decodeNpz(archive(...names), "a.npz", choice)).toThrow(message);
  });

  it.each<[unknown, string]>([
    [{ part: "tran" }, 'part: expected train or test or val, got "tran"'],
    [{ purpose: "val" }, 'purpose: expected train or test, got "val"'],
    [{ arrays: [] }, "arrays: expected a list of one or two names, got []"],
    [{ arrays: "x_train,y_train" }, 'arrays: expected a list of one or two names, got "x_train,y_train"'],
    [{ parts: "train" }, "expected no option but part, arrays, purpose, got parts"],
    ["train", 'expected options (part, arrays, purpose), got "train"'],
  ])("refuses the choice %j", (choice, message) => {
    expect(() => decodeNpz(archive(...keras), "a.npz", choice as ArrayChoice)).toThrow(message);
  });

  it("reads each part of a real archive", () => {
    const bytes = new Uint8Array(readFileSync(new URL("golden/keras.npz", import.meta.url)));
    const [train, test] = (["train", "test"] as const).map((purpose) => decodeNpz(bytes, "keras", { purpose }));
    expect([train!.count, test!.count]).toEqual([120, 30]);
    expect(() => decodeNpz(bytes)).toThrow("choose with #train or #test behind the file's name");
  });
});
