// Texts in the language of the person. {n} in a text is replaced by a value, and
// {n|row|rows} by the form for the number n.
import { useEffect, useState } from "preact/hooks";
import { en, type Key } from "./texts/en";
import { zh } from "./texts/zh";

export type { Key };
export type Language = "en" | "zh";
const texts = { en, zh };
const listeners = new Set<() => void>();
let language: Language = "en";

export const lang = () => language;

export function chooseLanguage(l: Language, keep = true) {
  language = l;
  document.documentElement.lang = l === "zh" ? "zh-CN" : "en";
  if (keep) store("lang", l);
  listeners.forEach((f) => f());
}

export function t(key: Key, vars: Record<string, string | number> = {}): string {
  const text: string = texts[language][key] ?? en[key] ?? key;
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (_, name: string, one?: string, many?: string) => {
    const v = vars[name] ?? "";
    if (one !== undefined) return Number(String(v).replace(/,/g, "")) === 1 ? one : many!;
    return typeof v === "number" ? v.toLocaleString(locale()) : v;
  });
}

// word translates a value of the API, such as a state, by the key prefix.value.
export function word(prefix: string, value: string | undefined): string {
  const key = prefix + "." + (value ?? "");
  return key in en ? t(key as Key) : (value ?? "");
}

export const locale = () => (language === "zh" ? "zh-CN" : "en-GB");

export function useLanguage() {
  const [, render] = useState(0);
  useEffect(() => {
    const f = () => render((n) => n + 1);
    listeners.add(f);
    return () => void listeners.delete(f);
  }, []);
}

// Preferences of the display. A browser may refuse storage.
export function store(name: string, value: string) {
  try {
    localStorage.setItem("exportd." + name, value);
  } catch {
    // The choice lasts until the page is closed.
  }
}
export function stored(name: string): string | null {
  try {
    return localStorage.getItem("exportd." + name);
  } catch {
    return null;
  }
}

export type Theme = "auto" | "light" | "dark";
export function chooseTheme(theme: Theme, keep = true) {
  const dark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  if (keep) store("theme", theme);
}

export function initDisplay() {
  const l = stored("lang") ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
  chooseLanguage(l === "zh" ? "zh" : "en", false);
  const theme = () => (stored("theme") ?? "auto") as Theme;
  chooseTheme(theme(), false);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chooseTheme(theme(), false));
}
