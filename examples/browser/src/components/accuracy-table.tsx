import { Fragment } from "preact";
import { type Measured, statisticsOf } from "../state/measured.js";
import { after, before } from "../state/state.js";

const percent = (value: number | undefined): string => (value === undefined ? "–" : value.toFixed(1));

/** The numbers behind the chart: mean with its interval, and the worst chip. */
export function AccuracyTable() {
  const columns = (
    [
      ["as opened", before.value],
      ["finetuned", after.value],
    ] as const
  ).filter(([, measured]) => measured !== undefined) as [string, Measured][];
  if (columns.length === 0) return null;
  const rows = columns[0]![1].sigmas;
  return (
    <div class="scroll">
      <table>
        <caption class="unseen">Accuracies in percent</caption>
        <thead>
          <tr>
            <td />
            {columns.map(([name]) => (
              <th key={name} scope="colgroup" colSpan={2}>
                {name}
              </th>
            ))}
          </tr>
          <tr>
            <th scope="col">σ</th>
            {columns.map(([name]) => (
              <Fragment key={name}>
                <th scope="col">
                  mean <span class="interval">95 % interval</span>
                </th>
                <th scope="col">worst</th>
              </Fragment>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">0</th>
            {columns.map(([name, { digital }]) => (
              <Fragment key={name}>
                <td>
                  {percent(digital)} <span class="interval" />
                </td>
                <td />
              </Fragment>
            ))}
          </tr>
          {rows.map(({ sigma }, i) => (
            <tr key={sigma}>
              <th scope="row">{sigma}</th>
              {columns.map(([name, { sigmas }]) => {
                const found = statisticsOf(sigmas[i]!);
                return (
                  <Fragment key={name}>
                    <td>
                      {percent(found?.mean)}{" "}
                      <span class="interval">
                        {found?.ci95 && `${percent(found.ci95[0])}–${percent(found.ci95[1])}`}
                      </span>
                    </td>
                    <td>{percent(found?.worst)}</td>
                  </Fragment>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
