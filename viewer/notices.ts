// The licences of what is bundled, put into each bundle: whoever passes on a page passes them on, too.

import { existsSync, readFileSync } from "node:fs";
import type { Plugin } from "vite";

export function notices(): Plugin {
  return {
    name: "notices",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const files = Object.values(bundle);
        const modules = files.flatMap((file) => (file.type === "chunk" ? Object.keys(file.modules) : []));
        const text = noticesOf(modules);
        for (const file of files) {
          if (file.type === "chunk" && file.fileName.endsWith(".js")) file.code = `/*!\n${text}\n*/\n${file.code}`;
        }
      },
    },
  };
}

/** By package, those of one text together. */
function noticesOf(modules: string[]): string {
  const named = modules.map((path) => /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path));
  const packages = new Map(named.flatMap((found) => (found ? [[found[1], found[0]] as const] : [])));
  const byText = new Map<string, string[]>();
  for (const [name, folder] of [...packages].sort()) {
    const place = `${folder}LICENSE`;
    if (!existsSync(place)) throw new Error(`${name} has no licence: see what it is before it is bundled.`);
    const text = readFileSync(place, "utf8").trim();
    byText.set(text, [...(byText.get(text) ?? []), name]);
  }
  return [...byText].map(([text, names]) => `${names.join(", ")}:\n\n${text}`).join("\n\n");
}
