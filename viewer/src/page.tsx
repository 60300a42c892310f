// The page of a file: its report stands in it, and what is looked at in its address.

import { effect } from "@preact/signals";
import { render } from "preact";

import { fromAddress, toAddress } from "./model/address";
import type { ReportData } from "./model/report";
import { App } from "./parts/App";
import { openSession } from "./session";
import "./styles/index.css";

const report = JSON.parse(document.getElementById("edgewise-report")!.textContent!) as ReportData;
document.title = report.title;
const session = openSession(report, location.hash);
render(<App session={session} />, document.getElementById("edgewise")!);

let waiting: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  // While the slider moves the address would change too often for browsers' liking.
  session.view.value;
  clearTimeout(waiting);
  waiting = setTimeout(() => write(toAddress(session.view.value, session.start)), 150);
});

function write(address: string): void {
  // In a frame without an address of its own nothing can be written there.
  if (location.protocol !== "about:") history.replaceState(null, "", `${location.pathname}${location.search}${address}`);
}

addEventListener("hashchange", () => {
  const runs = session.sides.map((side) => side.run);
  session.view.value = fromAddress(location.hash, session.start, runs, session.roles);
});
