import { clearProblem } from "../state/problems.js";
import { type Place, problems } from "../state/state.js";

/** The problem of a place, if there is one. */
export function ProblemNote({ place }: { readonly place: Place }) {
  const problem = problems.value[place];
  return (
    <div role="alert">
      {problem && (
        <div class="problem">
          <strong>{problem.what}</strong>
          <p class="detail">{problem.detail}</p>
          <button type="button" class="quiet" onClick={() => clearProblem(place)} aria-label="Dismiss this message">
            ×
          </button>
        </div>
      )}
    </div>
  );
}
