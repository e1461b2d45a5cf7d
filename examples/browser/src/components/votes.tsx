import { robust } from "../state/state.js";
import { votes as allVotes, ballot, picture, shownVotes, type Vote, voters } from "../state/vote.js";
import { Switch } from "./fields.js";

/** The class with most votes, and how many it has. */
function winner(choices: readonly number[]): { readonly choice: number; readonly count: number } {
  const counts = new Map<number, number>();
  for (const choice of choices) counts.set(choice, (counts.get(choice) ?? 0) + 1);
  const [choice, count] = [...counts].reduce((best, one) => (one[1] > best[1] ? one : best), [-1, 0]);
  return { choice, count };
}

const countOf = (votes: readonly Vote[], expected: number): string =>
  `${votes.filter(({ choice }) => choice === expected).length} of ${votes.length}`;

/** One cell for each chip: its class, and how sure it is. */
export function Votes() {
  const votes = shownVotes.value;
  const label = picture.value?.label;
  const best = winner(votes?.map(({ choice }) => choice) ?? []);
  const expected = label ?? best.choice;
  const both = allVotes.value;
  return (
    <>
      <div class="row">
        <p class="verdict" aria-live="polite">
          {votes ? (
            <>
              <strong>
                {best.count} of {votes.length}
              </strong>{" "}
              chips say <strong>{best.choice}</strong>
              {label !== undefined && best.choice !== label && `; it is ${label}`}
            </>
          ) : (
            "Waiting for a picture."
          )}
        </p>
        <Switch
          label="Which network votes"
          value={ballot.value}
          choices={[
            { id: "before", words: "as opened" },
            { id: "after", words: "finetuned", disabled: !robust.value },
          ]}
          onChange={(id) => {
            ballot.value = id as "before" | "after";
          }}
        />
      </div>
      <ul class="votes">
        {Array.from({ length: voters }, (_, i) => {
          const vote = votes?.[i];
          return (
            // The index is the chip's number.
            <li key={i} data-agrees={vote && vote.choice === expected}>
              <span class="choice">{vote?.choice ?? "·"}</span>
              <span class="sure" style={{ "--sure": vote?.confidence ?? 0 }} />
              <span class="about">{vote ? `${Math.round(100 * vote.confidence)} %` : ""}</span>
              <span class="unseen">
                {vote &&
                  `, chip ${i + 1}${vote.choice === expected ? "" : label === undefined ? ", against most" : ", wrong"}`}
              </span>
            </li>
          );
        })}
      </ul>
      {both.before && both.after && (
        <p>
          For {expected}: {countOf(both.before, expected)} chips as opened, {countOf(both.after, expected)} finetuned.
        </p>
      )}
      <p class="hint">
        A cell is a chip: the class it sees, and how sure it is.{" "}
        {label === undefined ? "Marked cells disagree with most chips." : "Marked cells are wrong."}
      </p>
    </>
  );
}
