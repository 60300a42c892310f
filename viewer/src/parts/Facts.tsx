// What was run, and what was measured.

import type { Session } from "../session";

export function Facts({ session }: { session: Session }) {
  return (
    <section class="panel facts" aria-label="Facts of the run">
      <h2>The run</h2>
      {session.report.runs.map((run, at) => (
        <div key={at}>
          {session.report.runs.length > 1 && <h3>{run.name}</h3>}
          <List facts={run.measured} />
          {run.known && (
            <>
              <h3>Beside the known circuit</h3>
              <List facts={run.known.facts} />
            </>
          )}
          <details open={session.report.runs.length === 1}>
            <summary>How it was made</summary>
            <List facts={run.facts} />
          </details>
          {run.notes.map((note, index) => (
            <p key={index} class="note">
              {note}
            </p>
          ))}
        </div>
      ))}
    </section>
  );
}

function List({ facts }: { facts: [string, string][] }) {
  return (
    <dl>
      {facts.map(([name, fact]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{fact}</dd>
        </div>
      ))}
    </dl>
  );
}
