// Addresses of the pages: the base of the document, /console/ or a prefix of a proxy
// and /console/, and a path below it.
import { useEffect, useState } from "preact/hooks";

export const base = new URL(document.baseURI).pathname.replace(/\/$/, "");
// root is the path of the service itself, in front of /v1.
export const root = base.replace(/\/console$/, "");
const listeners = new Set<() => void>();
let blocker: (() => boolean) | undefined;
let shown = location.href; // the address of the page that is shown

export const here = () => location.pathname.slice(base.length) || "/";

export function go(path: string, replace = false) {
  if (blocker && !replace && !blocker()) return;
  if (replace) history.replaceState(null, "", base + path);
  else history.pushState(null, "", base + path);
  shown = location.href;
  listeners.forEach((f) => f());
  if (!replace) scrollTo(0, 0);
}

// block asks before a page with unsaved input is left.
export function block(f: (() => boolean) | undefined) {
  blocker = f;
}

addEventListener("popstate", () => {
  if (blocker && !blocker()) {
    history.pushState(null, "", shown);
    return;
  }
  shown = location.href;
  listeners.forEach((f) => f());
});
addEventListener("beforeunload", (e) => {
  if (blocker) e.preventDefault();
});

export function useLocation(): { path: string; search: URLSearchParams } {
  const [, render] = useState(0);
  useEffect(() => {
    const f = () => render((n) => n + 1);
    listeners.add(f);
    return () => void listeners.delete(f);
  }, []);
  return { path: here(), search: new URLSearchParams(location.search) };
}

// follow makes a click on a link of the console change the page without loading it.
export function follow(e: MouseEvent) {
  if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
  const a = (e.target as Element).closest?.("a");
  if (!a || a.target || a.hasAttribute("download") || a.origin !== location.origin || !a.pathname.startsWith(base + "/")) return;
  e.preventDefault();
  go(a.pathname.slice(base.length) + a.search);
}
