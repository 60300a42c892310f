// The same viewer in a notebook: an anywidget whose model holds the report.

import type { RenderProps } from "@anywidget/types";
import { render } from "preact";

import type { ReportData } from "./model/report";
import { App } from "./parts/App";
import { openSession } from "./session";
import "./styles/index.css";

interface Model {
  report: ReportData;
  height: number;
}

export default {
  render({ model, el }: RenderProps<Model>) {
    el.classList.add("edgewise-widget");
    // JupyterLab would take Enter, arrows and letters for its own.
    el.dataset.lmSuppressShortcuts = "true";
    const resize = () => el.style.setProperty("--height", `${model.get("height")}px`);
    resize();
    model.on("change:height", resize);
    const show = () => {
      render(null, el);
      render(<App session={openSession(model.get("report"), "")} />, el);
    };
    model.on("change:report", show);
    show();
    return () => {
      model.off("change:report", show);
      model.off("change:height", resize);
      render(null, el);
    };
  },
};
