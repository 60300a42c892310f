// Finding nodes, hiding edges, and how edges are coloured and nodes arranged.

import { everything } from "../model/filters";
import { PARTS, type Part } from "../model/graph";
import { rankOf } from "../model/report";
import { spelled } from "../model/search";
import type { Session } from "../session";

const PART_WORDS: Record<Part, string> = { q: "query", k: "key", v: "value", "": "MLP, logits" };

export function Controls({ session }: { session: Session }) {
  return (
    <section class="panel controls" aria-label="Find and filter">
      <h2>Find and filter</h2>
      <Search session={session} />
      <Filters session={session} />
      <Choices session={session} />
    </section>
  );
}

function Search({ session }: { session: Session }) {
  const { search } = session.view.value;
  const [side] = session.sides;
  const names = [...side.found.value].map((at) => side.run.graph.nodes[at].name);
  const told = !search ? "" : names.length ? names.slice(0, 6).join(", ") + (names.length > 6 ? ` and ${names.length - 6} more` : "") : "nothing found";
  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        const edge = spelled(search);
        if (rankOf(side.run, edge) !== null) session.change({ pin: edge });
        else if (names.length) session.change({ pin: names[0] });
      }}
    >
      <label>
        Search
        <input
          type="search"
          value={search}
          placeholder="9.9, a9.h9, m3, layer 4, a role"
          onInput={(event) => session.change({ search: event.currentTarget.value })}
        />
      </label>
      <output class="told">{told}</output>
    </form>
  );
}

function Filters({ session }: { session: Session }) {
  const { filters } = session.view.value;
  const { layers } = session.sides[0].run.graph.shape;
  const roles = Object.keys(session.roles);
  const change = (what: Partial<typeof filters>) => session.change({ filters: { ...filters, ...what } });
  const [first, last] = filters.layers;
  const ends = Array.from({ length: layers + 2 }, (_, at) => at - 1);
  const nameOf = (layer: number) => (layer < 0 ? "embedding" : layer === layers ? "logits" : `layer ${layer}`);
  const chooser = (label: string, value: number, onChange: (layer: number) => void) => (
    <label>
      {label}
      <select value={value} onChange={(event) => onChange(Number(event.currentTarget.value))}>
        {ends.map((layer) => (
          <option key={layer} value={layer}>
            {nameOf(layer)}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <div class="filters">
      <div class="pair">
        {chooser("From", first, (layer) => change({ layers: [layer, Math.max(layer, last)] }))}
        {chooser("To", last, (layer) => change({ layers: [Math.min(layer, first), layer] }))}
      </div>
      <div class="pair">
        <label>
          Sign
          <select
            value={filters.sign}
            onChange={(event) => change({ sign: event.currentTarget.value as typeof filters.sign })}
          >
            <option value="all">both</option>
            <option value="+">positive</option>
            <option value="-">negative</option>
          </select>
        </label>
        {roles.length > 0 && (
          <label>
            Role
            <select value={filters.role} onChange={(event) => change({ role: event.currentTarget.value })}>
              <option value="">any</option>
              {roles.map((role) => (
                <option key={role} value={role}>
                  {role}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <fieldset>
        <legend>Into</legend>
        {PARTS.map((part) => (
          <label key={part}>
            <input
              type="checkbox"
              checked={filters.parts.includes(part)}
              onChange={(event) => {
                const wanted = event.currentTarget.checked;
                change({ parts: PARTS.filter((one) => (one === part ? wanted : filters.parts.includes(one))) });
              }}
            />
            {PART_WORDS[part]}
          </label>
        ))}
      </fieldset>
      <button type="button" onClick={() => session.change({ filters: everything(session.sides[0].run), search: "" })}>
        Clear
      </button>
    </div>
  );
}

function Choices({ session }: { session: Session }) {
  const { view } = session;
  const canJudge = session.sides.length > 1 || session.sides[0].run.known !== null;
  return (
    <div class="choices">
      {canJudge && (
        <label>
          <input
            type="checkbox"
            checked={view.value.truth}
            onChange={(event) => session.change({ truth: event.currentTarget.checked })}
          />
          {session.sides.length > 1 ? "Colour by which run has an edge" : "Colour by the known circuit"}
        </label>
      )}
      <label>
        <input
          type="checkbox"
          checked={view.value.arrangement === "compact"}
          onChange={(event) => session.change({ arrangement: event.currentTarget.checked ? "compact" : "grid" })}
        />
        Only the nodes of the circuit
      </label>
    </div>
  );
}
